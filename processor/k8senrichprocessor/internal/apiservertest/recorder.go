// SPDX-License-Identifier: Apache-2.0

package apiservertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// recordBytesMax bounds what is written down of one answer; it ends with "! cut" then.
const recordBytesMax = 16 << 20

// Recorder stands between a client and a real API server or kubelet, and writes down what they say, for a Player.
// It writes down no credentials: of headers there is only Retry-After. Objects may have secrets of their own.
type Recorder struct {
	server *httptest.Server

	mu  sync.Mutex
	all []*record
}

// record is an exchange that goes on, or did.
type record struct {
	request string
	status  string
	body    bytes.Buffer
	// end is the directive that ends it, if any.
	end string
}

// Record listens until the test ends, for requests to another server. transport is how that one is spoken to.
func Record(t testing.TB, upstream string, transport http.RoundTripper) *Recorder {
	t.Helper()
	to, err := url.Parse(upstream)
	require.NoError(t, err)
	r := &Recorder{}
	r.server = httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(request *httputil.ProxyRequest) {
			request.SetURL(to)
			request.Out.Header.Del("Accept-Encoding") // so that the transport unpacks what comes
		},
		Transport: transport, FlushInterval: -1, ModifyResponse: r.listen,
		ErrorLog: log.New(io.Discard, "", 0), // clients leave
	})
	t.Cleanup(r.server.Close)
	t.Cleanup(r.server.CloseClientConnections)
	return r
}

// URL is where it listens.
func (r *Recorder) URL() string { return r.server.URL }

// Conversation returns what was said so far.
func (r *Recorder) Conversation() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var text strings.Builder
	for _, one := range r.all {
		fmt.Fprintf(&text, "> %s\n< %s\n", one.request, one.status)
		for line := range strings.Lines(one.body.String()) {
			if line = strings.TrimRight(line, "\r\n"); line != "" {
				text.WriteString(line + "\n")
			}
		}
		text.WriteString(one.end + "\n")
	}
	return text.String()
}

func (r *Recorder) listen(response *http.Response) error {
	one := &record{request: requestLine(response.Request), status: fmt.Sprint(response.StatusCode)}
	if after := response.Header.Get("Retry-After"); after != "" {
		one.status += " Retry-After=" + after
	}
	if response.Request.URL.Query().Get("watch") == "true" && response.StatusCode == http.StatusOK {
		one.end = "! hold" // until it ends otherwise
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, one)
	response.Body = &recordedBody{response.Body, r, one}
	return nil
}

// requestLine leaves out what is by chance, and says what must be missing, so that a list is no watch.
func requestLine(request *http.Request) string {
	query := request.URL.Query()
	query.Del("timeoutSeconds")
	for _, name := range []string{"watch", "continue", "sendInitialEvents", "resourceVersion"} {
		if !query.Has(name) {
			query.Set(name, "!")
		}
	}
	return request.Method + " " + request.URL.Path + "?" + query.Encode()
}

type recordedBody struct {
	io.ReadCloser
	recorder *Recorder
	record   *record
}

// Read is io.Reader.
func (b *recordedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.recorder.mu.Lock()
	defer b.recorder.mu.Unlock()
	if b.record.body.Len()+n > recordBytesMax {
		b.record.end = "! cut"
		return n, err
	}
	b.record.body.Write(p[:n])
	switch {
	case err == nil || errors.Is(err, context.Canceled):
	case errors.Is(err, io.EOF):
		b.record.end = ""
	default:
		b.record.end = "! cut"
	}
	return n, err
}
