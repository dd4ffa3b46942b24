// SPDX-License-Identifier: Apache-2.0

// Package apiservertest plays the part of a Kubernetes API server, or of a kubelet, in tests. What it answers stands
// in a text file, a conversation, in the bytes that a real one sends. A Recorder writes one down from a real one.
//
// It never understands what it says: it does not keep objects, and gives no answer that the file does not have.
//
// A conversation is a list of exchanges. Lines that begin with # are left out.
//
//	> GET /api/v1/pods?watch=true&resourceVersion=7&sendInitialEvents=!
//	< 200
//	{"type":"ADDED","object":{…}}
//	! wait more
//	{"type":"BOOKMARK","object":{…}}
//	! cut
//
// A line with > says which request is meant: method, path, and parameters that it must have. A parameter with the
// value * may have any, one with the value ! must be missing; others may come. "> always GET …" stays, other exchanges
// are played once, the first that fits. A line with < is the status, with headers such as Retry-After=1 behind it.
// The lines that follow are sent as they are, each at once, except:
//
//	! wait NAME    sends nothing more until the test opens NAME
//	! hold         goes on until the other side leaves or the test ends
//	! cut          ends the connection in the middle of the answer
//	! silence      sends nothing at all, not even the status, until the other side leaves (must be the first line)
//
// ${pad:1000} stands for that many letters.
package apiservertest
