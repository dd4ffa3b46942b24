// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"time"
)

// AuthType is how the source finds the API server and who it says it is.
type AuthType string

const (
	// ServiceAccount is the account that Kubernetes gives to a pod, in files.
	ServiceAccount AuthType = "service_account"
	// Kubeconfig is a file as kubectl has it.
	Kubeconfig AuthType = "kubeconfig"
)

// Settings of a Source. All fields are needed unless they say otherwise.
type Settings struct {
	AuthType AuthType
	// KubeconfigPath and KubeconfigContext are for AuthType Kubeconfig; an empty context is the file's current one.
	KubeconfigPath, KubeconfigContext string
	// Endpoint, TokenFile and CAFile are for AuthType ServiceAccount. Where they are empty, what Kubernetes gives
	// to a pod is taken. The token is read again from time to time.
	Endpoint, TokenFile, CAFile string

	// Cluster is true for all pods, Services, EndpointSlices and nodes; else it is the pods of NodeName.
	Cluster bool
	// NodeName may be empty if Cluster is true.
	NodeName string

	// RequestsPerSecondMax and RequestsBurstMax bound lists; there are few of them.
	RequestsPerSecondMax float64
	RequestsBurstMax     int
	// PageSize is how many objects are asked for at once, where the API server can't stream them.
	PageSize int64
	// ListTimeout bounds one page of a list, and the time until a watch is answered.
	ListTimeout time.Duration
	// BackoffMin and BackoffMax bound the time before it is tried again. It doubles from one to the other, and up
	// to as much again is added by chance, so that not all nodes come at once.
	BackoffMin, BackoffMax time.Duration
}

// DefaultSettings returns settings for a pod of a cluster; NodeName is missing.
func DefaultSettings() Settings {
	return Settings{
		AuthType: ServiceAccount, RequestsPerSecondMax: 5, RequestsBurstMax: 10, PageSize: 500,
		ListTimeout: time.Minute, BackoffMin: 800 * time.Millisecond, BackoffMax: 10 * time.Second,
	}
}

const (
	pageSizeMin, pageSizeMax = 10, 5000
	backoffMin               = 10 * time.Millisecond
	listTimeoutMin           = 100 * time.Millisecond
)

// Validate returns everything that is wrong, without looking at files.
func (s *Settings) Validate() error {
	var all []error
	wrong := func(format string, arguments ...any) { all = append(all, fmt.Errorf(format, arguments...)) }
	switch s.AuthType {
	case ServiceAccount:
		if s.KubeconfigPath != "" || s.KubeconfigContext != "" {
			wrong("kubeconfig is set, but auth_type is service_account: set auth_type to kubeconfig")
		}
	case Kubeconfig:
		if s.KubeconfigPath == "" {
			wrong("kubeconfig.path is empty: give the file, or set auth_type to service_account")
		}
		if s.Endpoint != "" || s.TokenFile != "" || s.CAFile != "" {
			wrong("endpoint, token_file or ca_file is set, but auth_type is kubeconfig, which has them: remove them")
		}
	default:
		wrong("auth_type is %q: service_account and kubeconfig are possible", s.AuthType)
	}
	if s.Endpoint != "" {
		if err := validEndpoint(s.Endpoint); err != nil {
			wrong("endpoint is %q: %w", s.Endpoint, err)
		}
	}
	if !s.Cluster && s.NodeName == "" {
		wrong("node_name is empty: set it to the name of this node, as by the downward API (spec.nodeName)")
	}
	if s.RequestsPerSecondMax <= 0 || s.RequestsBurstMax < 1 {
		wrong("requests per second is %v with bursts of %d: both must be above 0", s.RequestsPerSecondMax, s.RequestsBurstMax)
	}
	if s.PageSize < pageSizeMin || s.PageSize > pageSizeMax {
		wrong("page_size is %d: %d to %d are possible", s.PageSize, pageSizeMin, pageSizeMax)
	}
	if s.ListTimeout < listTimeoutMin {
		wrong("list timeout is %s: it must be %s at least", s.ListTimeout, listTimeoutMin)
	}
	if s.BackoffMin < backoffMin || s.BackoffMax < s.BackoffMin {
		wrong("back-off is %s to %s: it must be %s at least, and the second not below the first", s.BackoffMin, s.BackoffMax, backoffMin)
	}
	return errors.Join(all...)
}

// validEndpoint refuses to send a token where others can read it.
func validEndpoint(endpoint string) error {
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" {
		return errors.New("it must be a URL, such as https://10.0.0.1:6443")
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("it must have no user, query or fragment")
	}
	switch u.Scheme {
	case "https":
		return nil
	case "http":
		if address, err := netip.ParseAddr(u.Hostname()); u.Hostname() == "localhost" || err == nil && address.IsLoopback() {
			return nil
		}
		return errors.New("http is allowed to this host only: use https")
	}
	return errors.New("it must begin with https://")
}
