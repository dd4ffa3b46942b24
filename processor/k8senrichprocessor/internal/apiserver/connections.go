// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"context"
	"net"
	"sync"
)

// connections are those to the API server, so that all of them can be ended. A transport alone does not do that: it
// keeps a connection of HTTP/2 on which a watch has just been stopped, and goes on dialling for a request that was
// given up.
type connections struct {
	dialer net.Dialer

	mu    sync.Mutex
	ended bool
	open  map[*connection]struct{}
}

type connection struct {
	net.Conn
	of *connections
}

func (c *connections) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := c.dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		_ = conn.Close()
		return nil, errStopping
	}
	if c.open == nil {
		c.open = map[*connection]struct{}{}
	}
	tracked := &connection{conn, c}
	c.open[tracked] = struct{}{}
	return tracked, nil
}

// Close is net.Conn.
func (c *connection) Close() error {
	c.of.mu.Lock()
	delete(c.of.open, c)
	c.of.mu.Unlock()
	return c.Conn.Close()
}

// end closes all connections, and those that are being made.
func (c *connections) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	for conn := range c.open {
		_ = conn.Conn.Close()
	}
	c.open = nil
}
