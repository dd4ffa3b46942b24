// SPDX-License-Identifier: Apache-2.0

package controlapiextension

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"

	"github.com/meerkat-otel/meerkat/internal/controlapi"
	"github.com/meerkat-otel/meerkat/internal/names"
)

// connection is one that was accepted.
type connection struct {
	net.Conn
	// caller is who is at the other end of a Unix socket.
	caller    controlapi.Caller
	release   func()
	closing   sync.Once
	encrypted bool
	// read is set when bytes came in since the last request, and answered when they made one.
	read, answered atomic.Bool
}

// Read implements net.Conn. Of encrypted bytes only Go knows whether they are more than a farewell.
func (c *connection) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 && !c.encrypted {
		c.read.Store(true)
	}
	return n, err
}

// Close implements net.Conn.
func (c *connection) Close() error {
	c.closing.Do(c.release)
	return c.Conn.Close()
}

// connectionOf finds ours in what Go hands around.
func connectionOf(c net.Conn) *connection {
	if encrypted, ok := c.(*tls.Conn); ok {
		c = encrypted.NetConn()
	}
	ours, _ := c.(*connection)
	return ours
}

type connectionKey struct{}

func withConnection(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connectionKey{}, connectionOf(c))
}

// boundedListener accepts as many connections at once as it may, and closes all others.
type boundedListener struct {
	net.Listener
	encrypted bool
	max       int64
	open      atomic.Int64
	peers     peers
	telemetry *telemetry
}

// Accept implements net.Listener.
func (l *boundedListener) Accept() (net.Conn, error) {
	for {
		accepted, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		c := &connection{Conn: accepted, encrypted: l.encrypted}
		if reason := l.admit(c); reason != "" {
			add(l.telemetry.connectionsRefused, attribute.String(names.Reason, reason))
			_ = accepted.Close()
			continue
		}
		return c, nil
	}
}

// admit says why there is no room for a connection, "" if there is.
func (l *boundedListener) admit(c *connection) (reason string) {
	room := l.max
	if socket, ok := c.Conn.(*net.UnixConn); ok {
		who, err := peerOf(socket)
		switch {
		case err == nil:
			c.caller = controlapi.Caller{Name: userName(who.uid), Role: l.peers.role(who), Via: viaUnixSocket}
		case errors.Is(err, errPeerUnknown):
			c.caller = controlapi.Caller{Name: "somebody on this host", Role: controlapi.RoleViewer, Via: viaUnixSocket}
		default:
			return "peer_unknown"
		}
		if c.caller.Role < controlapi.RoleOperator {
			room -= operatorReserve
		}
	}
	if open := l.open.Add(1); open > room {
		l.open.Add(-1)
		if open <= l.max {
			return "reserved"
		}
		return "no_room"
	}
	l.telemetry.connections.Add(context.Background(), 1)
	c.release = func() {
		l.open.Add(-1)
		l.telemetry.connections.Add(context.Background(), -1)
	}
	return ""
}

// watch is told by Go what a connection is doing. One that ends without a request being made of what was read
// brought none, or one with too large a header, and Go has said so or not.
func (l *boundedListener) watch(c net.Conn, state http.ConnState) {
	ours := connectionOf(c)
	switch {
	case ours == nil:
	case state == http.StateActive:
		ours.read.Store(true)
	case state == http.StateIdle:
		ours.read.Store(false)
		ours.answered.Store(false)
	case state == http.StateClosed && ours.read.Load() && !ours.answered.Load():
		l.telemetry.refuse("unreadable")
	}
}

// listen opens what the configuration says. What is accepted is not encrypted yet.
func (s *server) listen(ctx context.Context) (net.Listener, error) {
	if !s.config.onUnix() {
		return s.listenOnTCP(ctx)
	}
	mode, err := parseSocketMode(s.config.SocketMode)
	if err != nil {
		return nil, fmt.Errorf("socket_mode: %w", err)
	}
	group := s.peers.operators
	if s.config.SocketGroup != "" {
		gid, err := groupID(s.config.SocketGroup)
		if err != nil {
			return nil, fmt.Errorf("socket_group: %w", err)
		}
		group = &gid
	}
	listener, err := listenOnSocket(ctx, s.config.HTTP.NetAddr.Endpoint, mode, group)
	if err != nil {
		return nil, err // not a listener that is nil
	}
	return listener, nil
}

func (s *server) listenOnTCP(ctx context.Context) (net.Listener, error) {
	listener, err := s.config.HTTP.NetAddr.Listen(ctx)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	address, ok := listener.Addr().(*net.TCPAddr)
	if !s.config.HTTP.TLS.HasValue() && (!ok || !address.IP.IsLoopback()) {
		return nil, errors.Join(fmt.Errorf("listen: %s stands for %s, which can be reached from other machines, and is not encrypted: set tls, or take 127.0.0.1",
			s.config.HTTP.NetAddr.Endpoint, listener.Addr()), listener.Close())
	}
	return listener, nil
}

// encryption is nil for connections that are not encrypted.
func (s *server) encryption(ctx context.Context) (*tls.Config, error) {
	if !s.config.HTTP.TLS.HasValue() {
		return nil, nil
	}
	config, err := s.config.HTTP.TLS.Get().LoadTLSConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("tls: %w", err)
	}
	config.NextProtos = []string{"h2", "http/1.1"}
	// Whoever has another way to say who they are may come without a certificate.
	if s.config.byCertificate() && (len(s.config.Tokens) > 0 || s.config.HTTP.Auth.HasValue()) {
		makeCertificateOptional(config)
	}
	return config, nil
}

func makeCertificateOptional(config *tls.Config) {
	config.ClientAuth = tls.VerifyClientCertIfGiven
	reload := config.GetConfigForClient
	if reload == nil {
		return
	}
	config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		fresh, err := reload(hello)
		if fresh != nil {
			fresh.ClientAuth = tls.VerifyClientCertIfGiven
		}
		return fresh, err
	}
}
