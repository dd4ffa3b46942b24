// SPDX-License-Identifier: Apache-2.0

// Package arrival finds out which connections that were opened in an unusual way were accepted on the same node, and by which process: by the address
// and port of the end that opened them, whichever end is seen first.
//
// It never says that two incidents are one, keeps nothing of what is not a connection, reads no OTLP, starts no goroutine, and its time is that of the
// events.
package arrival
