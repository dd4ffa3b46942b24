// SPDX-License-Identifier: Apache-2.0

package emit

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"syscall"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
)

// Socket is the emitter of the tracer "socket".
func Socket(r Record, event decode.Event) bool {
	switch e := event.(type) {
	case *decode.Socket:
		return socket(r, e)
	case *decode.SocketRepeat:
		return socketRepeat(r, e)
	}
	return false
}

func socket(r Record, e *decode.Socket) bool {
	sentence := r.putSocket(e.Head(), &e.Facts, e.Name, e.BoundPort)
	if sentence == "" {
		return false
	}
	r.Body().SetStr(sentence)
	attributes := r.Attributes()
	if e.Inode != 0 {
		attributes.PutInt(names.SocketInode, int64(e.Inode))
	}
	if e.Header.Kind == decode.KindSocketListen {
		attributes.PutInt(names.SocketBacklog, int64(int32(e.Backlog)))
	}
	if e.Snapshot() {
		attributes.PutBool(names.SocketSnapshot, true)
	}
	return true
}

func socketRepeat(r Record, e *decode.SocketRepeat) bool {
	sentence := r.putSocket(e.Head(), &e.Facts, e.Name, e.Facts.Port)
	if sentence == "" {
		return false
	}
	r.Body().SetStr(fmt.Sprintf("%s, %d times more", sentence, e.Count))
	r.Attributes().PutInt(names.RepeatCount, int64(e.Count))
	return true
}

// putSocket adds what an event and its repeats have in common, and returns the sentence for people; an
// empty one for an event that is none.
func (r Record) putSocket(h *decode.Header, f *decode.SocketFacts, name []byte, port uint16) string {
	event, did, failed := socketVerb(f.Kind)
	if event == "" {
		return ""
	}
	r.SetEventName(event)
	r.Attributes().EnsureCapacity(20)
	what := r.putSocketKind(f)
	if f.Kind != decode.KindSocketCreate {
		what = r.putSocketAddress(f, name, port, what)
	}
	if f.Error == 0 {
		return r.subject(h) + " " + did + " " + what
	}
	reason := errorName(syscall.Errno(f.Error))
	r.Attributes().PutStr(names.ErrorType, reason)
	return r.subject(h) + " " + failed + " " + what + ": " + reason
}

// socketVerb returns the event's name and how a sentence tells it, and tells that it failed.
func socketVerb(kind uint16) (name, did, failed string) {
	switch kind {
	case decode.KindSocketCreate:
		return names.EventSocketCreate, "opened", "could not open"
	case decode.KindSocketBind:
		return names.EventSocketBind, "bound", "could not bind"
	case decode.KindSocketListen:
		return names.EventSocketListen, "listens on", "could not listen on"
	}
	return "", "", ""
}

// putSocketKind returns how a sentence names a socket without an address.
func (r Record) putSocketKind(f *decode.SocketFacts) string {
	attributes := r.Attributes()
	family, kind, protocol := socketFamily(f.Family), socketType(f.Type), socketProtocol(f.Family, f.Protocol)
	attributes.PutStr(names.SocketFamily, family)
	attributes.PutStr(names.SocketType, kind)
	if protocol == "" {
		return fmt.Sprintf("a socket (%s, %s)", family, kind)
	}
	attributes.PutStr(names.SocketProtocol, protocol)
	return fmt.Sprintf("a socket (%s, %s, %s)", family, kind, protocol)
}

// putSocketAddress returns how a sentence names the address, or what it was given if there is none.
func (r Record) putSocketAddress(f *decode.SocketFacts, name []byte, port uint16, otherwise string) string {
	attributes := r.Attributes()
	transport := socketTransport(f)
	if transport != "" {
		attributes.PutStr(names.NetworkTransport, transport)
	}
	switch f.Family {
	case familyUnix:
		if len(name) == 0 {
			return otherwise
		}
		address := unixName(name)
		attributes.PutStr(names.NetworkLocalAddress, address)
		return address
	case familyInet, familyInet6:
		address := decode.SocketAddress(f)
		attributes.PutStr(names.NetworkType, networkType(address))
		attributes.PutStr(names.NetworkLocalAddress, address.String())
		if port == 0 {
			return strings.TrimSpace(transport + " " + address.String())
		}
		attributes.PutInt(names.NetworkLocalPort, int64(port))
		return strings.TrimSpace(transport + " " + net.JoinHostPort(address.String(), strconv.Itoa(int(port))))
	}
	return otherwise
}

// SocketCounts are the counts per workload of the tracer "socket".
func SocketCounts() []Count {
	count := func(field, operation string) Count {
		return Count{Field: field, Metric: names.SocketOperations(), Attribute: names.SocketOperation, Value: operation}
	}
	return []Count{
		count("created", "create"),
		count("bound", "bind"),
		count("listening", "listen"),
		{Field: "failed", Metric: names.SocketFailures()},
	}
}
