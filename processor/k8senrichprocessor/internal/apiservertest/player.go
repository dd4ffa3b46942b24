// SPDX-License-Identifier: Apache-2.0

package apiservertest

import (
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Request is one that came.
type Request struct {
	Method, Path  string
	Query         url.Values
	Authorization string
	// Known is false if the conversation has no answer to it.
	Known bool
}

// Player answers requests with what a conversation says.
type Player struct {
	t       testing.TB
	address string

	mu       sync.Mutex
	all      []*exchange
	gates    map[string]chan struct{}
	requests []Request
	server   *httptest.Server
	stopping chan struct{}
}

// PlayFile plays the conversation of a file from now until the test ends.
func PlayFile(t testing.TB, path string) *Player {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return Play(t, string(text))
}

// Play plays a conversation from now until the test ends.
func Play(t testing.TB, conversation string) *Player {
	t.Helper()
	p := &Player{t: t, address: "127.0.0.1:0", gates: map[string]chan struct{}{}}
	p.Add(conversation)
	p.Up()
	t.Cleanup(p.Down)
	return p
}

// Add adds exchanges behind those that there are.
func (p *Player) Add(conversation string) {
	p.t.Helper()
	all, err := parse(conversation)
	require.NoError(p.t, err, "conversation")
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = append(p.all, all...)
}

// URL is where it listens; it stays the same when it goes down and up.
func (p *Player) URL() string { return "http://" + p.address }

// Up lets it listen.
func (p *Player) Up() {
	p.t.Helper()
	listener, err := net.Listen("tcp", p.address)
	require.NoError(p.t, err)
	p.address = listener.Addr().String()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopping = make(chan struct{})
	p.server = httptest.NewUnstartedServer(p)
	_ = p.server.Listener.Close()
	p.server.Listener = listener
	p.server.Start()
}

// Down ends all connections and refuses new ones, as when the API server is killed.
func (p *Player) Down() {
	p.mu.Lock()
	server := p.server
	p.server = nil
	if server != nil {
		close(p.stopping)
	}
	p.mu.Unlock()
	if server != nil {
		server.CloseClientConnections()
		server.Close()
	}
}

// Open lets those go on that wait for a name.
func (p *Player) Open(name string) {
	gate := p.gate(name)
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-gate:
	default:
		close(gate)
	}
}

func (p *Player) gate(name string) chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gates[name] == nil {
		p.gates[name] = make(chan struct{})
	}
	return p.gates[name]
}

// Requests returns those that came so far.
func (p *Player) Requests() []Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Request(nil), p.requests...)
}

// Unknown returns the requests that the conversation has no answer to.
func (p *Player) Unknown() []string {
	var all []string
	for _, r := range p.Requests() {
		if !r.Known {
			all = append(all, r.Method+" "+r.Path+"?"+r.Query.Encode())
		}
	}
	return all
}

// Left returns how many exchanges were not played that should be played once.
func (p *Player) Left() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	left := 0
	for _, e := range p.all {
		if !e.played && !e.always {
			left++
		}
	}
	return left
}

// AwaitPlayed waits until everything was played that should be played once.
func (p *Player) AwaitPlayed() {
	p.t.Helper()
	require.Eventually(p.t, func() bool { return p.Left() == 0 }, 20*time.Second, 5*time.Millisecond, "the conversation is not played to its end")
}

// ServeHTTP answers.
func (p *Player) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e, stopping := p.next(r)
	if stopping == nil {
		panic(http.ErrAbortHandler) // one that came just when it went down
	}
	if e == nil {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusNotImplemented)
		_, _ = w.Write([]byte(`{"kind":"Status","apiVersion":"v1","status":"Failure","message":"not in the conversation","code":501}`))
		return
	}
	answer{p, w, r, stopping}.play(e)
}

// next returns the exchange that fits a request, nil if there is none. stopping is nil while it is down.
func (p *Player) next(r *http.Request) (fits *exchange, stopping chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.server == nil {
		return nil, nil
	}
	request := Request{Method: r.Method, Path: r.URL.Path, Query: r.URL.Query(), Authorization: r.Header.Get("Authorization")}
	defer func() { p.requests = append(p.requests, request) }()
	for _, e := range p.all {
		if e.fits(r) {
			request.Known = true
			e.played = !e.always
			return e, p.stopping
		}
	}
	return nil, p.stopping
}

// answer is one that is being given.
type answer struct {
	player   *Player
	w        http.ResponseWriter
	r        *http.Request
	stopping chan struct{}
}

func (a answer) play(e *exchange) {
	if len(e.lines) > 0 && e.lines[0] == "! silence" {
		a.until(nil)
		return
	}
	a.w.Header().Set("Content-Type", "application/json")
	maps.Copy(a.w.Header(), e.header)
	a.w.WriteHeader(e.status)
	a.flush()
	for _, line := range e.lines {
		directive, name, _ := strings.Cut(strings.TrimPrefix(line, "! "), " ")
		switch {
		case !strings.HasPrefix(line, "! "):
			if _, err := a.w.Write([]byte(line + "\n")); err != nil {
				return
			}
			a.flush()
		case directive == "wait":
			if !a.until(a.player.gate(name)) {
				return
			}
		case directive == "hold":
			a.until(nil)
			return
		case directive == "cut":
			panic(http.ErrAbortHandler) // how net/http is told to drop the connection
		default:
			a.player.t.Errorf("conversation: %q is no directive", line)
		}
	}
}

func (a answer) flush() {
	if flusher, ok := a.w.(http.Flusher); ok {
		flusher.Flush()
	}
}

// until waits for a gate; it returns false if the other side left or the player stops first.
func (a answer) until(gate chan struct{}) bool {
	select {
	case <-gate:
		return true
	case <-a.r.Context().Done():
	case <-a.stopping:
	}
	return false
}
