// SPDX-License-Identifier: Apache-2.0

package kubelet

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"

	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/apiobject"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/sourcestate"
)

// tokenBytesMax bounds what is read of a token's file. Tokens have some thousand bytes.
const tokenBytesMax = 64 << 10

// client asks the kubelet for its pods.
type client struct {
	settings *Settings
	http     *http.Client
	decoder  *apiobject.Decoder
}

// refusal is an answer that has no pods in it.
type refusal struct {
	status int
	text   string
}

func (r refusal) Error() string {
	return fmt.Sprintf("the kubelet answered with status %d: %s", r.status, r.text)
}

var errTooLarge = errors.New("the kubelet's answer is larger than answer_bytes_max")

func newClient(settings *Settings) (*client, error) {
	secure := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: settings.InsecureSkipVerify} //nolint:gosec // somebody asked for it
	if settings.CAFile != "" {
		certificates, err := os.ReadFile(settings.CAFile)
		if err != nil {
			return nil, fmt.Errorf("read ca_file: %w", err)
		}
		secure.RootCAs = x509.NewCertPool()
		if !secure.RootCAs.AppendCertsFromPEM(certificates) {
			return nil, fmt.Errorf("ca_file %s has no certificate in PEM", settings.CAFile)
		}
	}
	if path := settings.token(); path != "" {
		if _, err := readToken(path); err != nil {
			return nil, err
		}
	}
	dialer := net.Dialer{Timeout: settings.Timeout}
	transport := &http.Transport{ // without a proxy: it is this node
		DialContext: dialer.DialContext, TLSClientConfig: secure, TLSHandshakeTimeout: settings.Timeout, MaxIdleConns: 1,
	}
	return &client{settings: settings, decoder: apiobject.NewDecoder(), http: &http.Client{
		Transport: transport, Timeout: settings.Timeout,
		// A redirect would get the token too.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

func readToken(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("read token_file: %w", err)
	}
	defer func() { _ = file.Close() }()
	token, err := io.ReadAll(io.LimitReader(file, tokenBytesMax))
	if err != nil {
		return "", fmt.Errorf("read token_file: %w", err)
	}
	trimmed := string(bytes.TrimSpace(token))
	if trimmed == "" {
		return "", fmt.Errorf("token_file %s is empty", path)
	}
	return trimmed, nil
}

func (c *client) pods(ctx context.Context) (*apiobject.PodList, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(c.settings.Endpoint, "/")+"/pods", nil)
	if err != nil {
		return nil, fmt.Errorf("prepare a request to the kubelet: %w", err)
	}
	if path := c.settings.token(); path != "" {
		token, err := readToken(path)
		if err != nil {
			return nil, err
		}
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, fmt.Errorf("ask the kubelet for its pods: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, c.settings.AnswerBytesMax+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the kubelet's answer: %w", err)
	case int64(len(body)) > c.settings.AnswerBytesMax:
		return nil, errTooLarge
	case response.StatusCode != http.StatusOK:
		return nil, refusal{response.StatusCode, sourcestate.Shorten(errors.New(string(body)))}
	}
	object, err := c.decoder.Decode(body)
	if err != nil {
		return nil, unreadable{err}
	}
	list, ok := object.(*apiobject.PodList)
	if !ok {
		return nil, unreadable{fmt.Errorf("the kubelet answered with a %T", object)}
	}
	return list, nil
}

// unreadable is an answer that nobody understands.
type unreadable struct{ error }

func reasonOf(err error) sourcestate.Reason {
	var refused refusal
	var network net.Error
	switch {
	case errors.Is(err, errTooLarge):
		return sourcestate.ReasonTooLarge
	case errors.As(err, &unreadable{}):
		return sourcestate.ReasonUnreadable
	case errors.As(err, &refused):
		return reasonOfStatus(refused.status)
	case errors.As(err, &network) && network.Timeout():
		return sourcestate.ReasonTimeout
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return sourcestate.ReasonCut
	case sourcestate.Unreachable(err):
		return sourcestate.ReasonUnreachable
	}
	return sourcestate.ReasonOther
}

func reasonOfStatus(status int) sourcestate.Reason {
	switch {
	case status == http.StatusUnauthorized:
		return sourcestate.ReasonUnauthorized
	case status == http.StatusForbidden:
		return sourcestate.ReasonForbidden
	case status == http.StatusNotFound:
		return sourcestate.ReasonNotFound
	case status == http.StatusTooManyRequests:
		return sourcestate.ReasonTooManyRequests
	case status >= http.StatusInternalServerError:
		return sourcestate.ReasonServer
	}
	return sourcestate.ReasonOther
}
