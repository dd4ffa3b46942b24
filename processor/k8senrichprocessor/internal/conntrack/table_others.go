// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package conntrack

import "errors"

// Table is the connection tracking of a Linux kernel: elsewhere there is none.
type Table struct{}

// Open fails.
func Open() (*Table, error) { return nil, errors.New("only Linux has connection tracking") }

// Close does nothing.
func (*Table) Close() error { return nil }

// AsTheServer knows nothing.
func (*Table) AsTheServer(Ends) (Ends, bool) { return Ends{}, false }

// AsTheClient knows nothing.
func (*Table) AsTheClient(Ends) (Ends, bool) { return Ends{}, false }

// Stats is empty.
func (*Table) Stats() Stats { return Stats{} }
