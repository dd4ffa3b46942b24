// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/apiobject"
)

const (
	// accountTokenFile and accountCAFile are where Kubernetes puts the credentials of a pod.
	accountTokenFile = "/var/run/secrets/kubernetes.io/serviceaccount/token" //nolint:gosec // a path
	accountCAFile    = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"
	userAgent        = "otelcol-meerkat/k8s_enrich"
	// listBytesMax bounds one page of a list: 5,000 objects of 12 KiB.
	listBytesMax = 64 << 20
	// dialTimeout and keepAlive find out that an API server is gone; pingInterval that a connection leads nowhere.
	dialTimeout, keepAlive    = 10 * time.Second, 30 * time.Second
	pingInterval, pingTimeout = 30 * time.Second, 15 * time.Second
)

var errTooLarge = fmt.Errorf("the answer is larger than %d MiB: set a smaller page_size", listBytesMax>>20)

// newClient reads the credentials. It does not talk to the API server yet. Who has the
// connections ends them.
func newClient(settings *Settings) (*rest.RESTClient, *connections, error) {
	config, err := restConfig(settings)
	if err != nil {
		return nil, nil, err
	}
	secure, err := rest.TLSConfigFor(config)
	if err != nil {
		return nil, nil, fmt.Errorf("read the certificates for the API server: %w", err)
	}
	connected := &connections{dialer: net.Dialer{Timeout: dialTimeout, KeepAlive: keepAlive}}
	// A transport of our own ends with us; those of client-go are shared by the process and stay.
	config.Transport = bounded{&http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: connected.dial, TLSClientConfig: secure,
		TLSHandshakeTimeout: dialTimeout, ForceAttemptHTTP2: true, ResponseHeaderTimeout: settings.ListTimeout,
		HTTP2: &http.HTTP2Config{SendPingTimeout: pingInterval, PingTimeout: pingTimeout},
	}}
	config.TLSClientConfig = rest.TLSClientConfig{}
	config.UserAgent = userAgent
	config.QPS, config.Burst = float32(settings.RequestsPerSecondMax), settings.RequestsBurstMax
	config.WarningHandler = rest.NoWarnings{}
	config.NegotiatedSerializer = apiobject.NewSerializer()
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, nil, fmt.Errorf("read the credentials for the API server: %w", err)
	}
	// A redirect would get the token too.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	restClient, err := rest.UnversionedRESTClientForConfigAndClient(config, client)
	if err != nil {
		return nil, nil, fmt.Errorf("prepare requests to the API server: %w", err)
	}
	return restClient, connected, nil
}

func restConfig(settings *Settings) (*rest.Config, error) {
	if settings.AuthType == Kubeconfig {
		return fromKubeconfig(settings.KubeconfigPath, settings.KubeconfigContext)
	}
	config := &rest.Config{Host: settings.Endpoint, BearerTokenFile: settings.TokenFile}
	config.CAFile = settings.CAFile
	if config.Host == "" {
		host, port := os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT")
		if host == "" || port == "" {
			return nil, errors.New("KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set, as they are in " +
				"a pod: set endpoint, token_file and ca_file, or auth_type to kubeconfig")
		}
		config.Host = "https://" + net.JoinHostPort(host, port)
	}
	if config.BearerTokenFile == "" {
		config.BearerTokenFile = accountTokenFile
	}
	if config.CAFile == "" {
		config.CAFile = accountCAFile
		if settings.Endpoint != "" {
			config.CAFile = "" // another endpoint has another authority, perhaps one that this machine knows
		}
	}
	return config, nil
}

func fromKubeconfig(path, context string) (*rest.Config, error) {
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(
		&clientcmd.ClientConfigLoadingRules{ExplicitPath: path},
		&clientcmd.ConfigOverrides{CurrentContext: context},
	).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("read the kubeconfig %s: %w", path, err)
	}
	if config.ExecProvider != nil || config.AuthProvider != nil {
		return nil, fmt.Errorf("the kubeconfig %s names a program that gets credentials: use a token or a client certificate", path)
	}
	if err := validEndpoint(config.Host); err != nil {
		return nil, fmt.Errorf("the server of the kubeconfig %s is %q: %w", path, config.Host, err)
	}
	return config, nil
}

// bounded cuts answers off that are too large. Watches have no end; client-go bounds each of their events.
type bounded struct{ *http.Transport }

// RoundTrip is http.RoundTripper.
func (b bounded) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := b.Transport.RoundTrip(request)
	if err == nil && request.URL.Query().Get("watch") == "" {
		response.Body = &boundedBody{response.Body, listBytesMax}
	}
	return response, err
}

type boundedBody struct {
	io.ReadCloser
	left int
}

// Read is io.Reader.
func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLarge
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
