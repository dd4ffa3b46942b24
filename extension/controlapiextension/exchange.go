// SPDX-License-Identifier: Apache-2.0

package controlapiextension

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

// noRoute is what requests are counted under that led to no route.
const noRoute = "none"

// exchange is a request and its answer on their way. It is the writer that handlers see.
type exchange struct {
	http.ResponseWriter
	route string
	// status is 0 until the header is sent.
	status int
	// streamWriteMax bounds each write of a stream, of which the whole is not bounded.
	streamWriteMax time.Duration
}

type exchangeKey struct{}

func withExchange(ctx context.Context, x *exchange) context.Context {
	return context.WithValue(ctx, exchangeKey{}, x)
}

func exchangeOf(ctx context.Context) *exchange {
	x, _ := ctx.Value(exchangeKey{}).(*exchange)
	return x
}

// Unwrap is for http.ResponseController.
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

// innermost returns the writer of net/http itself. Only that one can be told that a body is too large: it then
// keeps the connection for half a second after the refusal, for a client that still sends to read it.
func (x *exchange) innermost() http.ResponseWriter {
	w := x.ResponseWriter
	for {
		outer, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return w
		}
		w = outer.Unwrap()
	}
}

// WriteHeader implements http.ResponseWriter.
func (x *exchange) WriteHeader(status int) {
	if x.status == 0 && status >= http.StatusOK {
		x.status = status
		for name, value := range answerHeaders() {
			x.Header().Set(name, value)
		}
	}
	x.ResponseWriter.WriteHeader(status)
}

// Write implements io.Writer.
func (x *exchange) Write(b []byte) (int, error) {
	if x.status == 0 {
		x.WriteHeader(http.StatusOK)
	}
	if err := x.extend(); err != nil {
		return 0, err
	}
	return x.ResponseWriter.Write(b)
}

// Flush implements http.Flusher.
func (x *exchange) Flush() { _ = x.FlushError() }

// FlushError is for http.ResponseController.
func (x *exchange) FlushError() error {
	if x.status == 0 {
		x.WriteHeader(http.StatusOK)
	}
	if err := x.extend(); err != nil {
		return err
	}
	return http.NewResponseController(x.ResponseWriter).Flush()
}

// stream lets the answer go on for as long as each write gets through in time.
func (x *exchange) stream(writeMax time.Duration) error {
	x.streamWriteMax = writeMax
	controller := http.NewResponseController(x.ResponseWriter)
	return errors.Join(controller.SetReadDeadline(time.Time{}), controller.SetWriteDeadline(time.Time{}))
}

func (x *exchange) extend() error {
	if x.streamWriteMax == 0 {
		return nil
	}
	return http.NewResponseController(x.ResponseWriter).SetWriteDeadline(time.Now().Add(x.streamWriteMax))
}

// countedBody tells when a body turns out to be too large.
type countedBody struct {
	io.ReadCloser
	tooLarge func()
}

// Read implements io.Reader.
func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	var limit *http.MaxBytesError
	if b.tooLarge != nil && errors.As(err, &limit) {
		b.tooLarge()
		b.tooLarge = nil
	}
	return n, err
}
