// SPDX-License-Identifier: Apache-2.0

package kubelet

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// Settings of a Source.
type Settings struct {
	// Endpoint is https://<address of the node>:10250, or http://<address of the node>:10255 where the kubelet
	// still has its read-only port.
	Endpoint string
	// TokenFile is sent with https only; it is read again for each request. Empty sends none.
	TokenFile string
	// CAFile signs the kubelet's certificate; empty takes those that this machine trusts.
	CAFile string
	// InsecureSkipVerify takes any certificate: many kubelets have one that nobody signed. Whoever can stand in for
	// the kubelet on this node's network gets the token then.
	InsecureSkipVerify bool
	// Interval is the time between two requests, up to a tenth more or less by chance.
	Interval time.Duration
	// Timeout bounds a request, and AnswerBytesMax its answer.
	Timeout        time.Duration
	AnswerBytesMax int64
}

// DefaultSettings returns settings for a pod on the host's network with an account of its own.
func DefaultSettings() Settings {
	return Settings{ //nolint:gosec // a path, and no credentials
		Endpoint: "https://127.0.0.1:10250", TokenFile: "/var/run/secrets/kubernetes.io/serviceaccount/token",
		Interval: 10 * time.Second, Timeout: 10 * time.Second, AnswerBytesMax: 32 << 20,
	}
}

const (
	intervalMin, timeoutMin = 10 * time.Millisecond, 10 * time.Millisecond
	answerBytesMin          = 1 << 10
)

// token is the file of the token if one is sent: never where others can read it.
func (s *Settings) token() string {
	if !strings.HasPrefix(s.Endpoint, "https://") {
		return ""
	}
	return s.TokenFile
}

// Validate returns everything that is wrong, without looking at files.
func (s *Settings) Validate() error {
	var all []error
	wrong := func(format string, arguments ...any) { all = append(all, fmt.Errorf(format, arguments...)) }
	u, err := url.Parse(s.Endpoint)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		wrong("endpoint is %q: it must be a URL such as https://127.0.0.1:10250", s.Endpoint)
	}
	if s.InsecureSkipVerify && s.CAFile != "" {
		wrong("ca_file is set, and insecure_skip_verify too: remove one")
	}
	if s.Interval < intervalMin {
		wrong("interval is %s: it must be %s at least", s.Interval, intervalMin)
	}
	if s.Timeout < timeoutMin {
		wrong("timeout is %s: it must be %s at least", s.Timeout, timeoutMin)
	}
	if s.AnswerBytesMax < answerBytesMin {
		wrong("answer_bytes_max is %d: it must be %d at least", s.AnswerBytesMax, answerBytesMin)
	}
	return errors.Join(all...)
}
