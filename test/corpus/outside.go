// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// patience is how long anything may take that a session waits for.
const patience = 30 * time.Second

// outside is what workloads and attacks reach: a server for all web requests, a resolver, a mining pool that says nothing.
type outside struct {
	network *network
	tools   string
	closers []io.Closer
}

func newOutside(n *network, tools string) (*outside, error) {
	o := &outside{network: n, tools: tools}
	for _, address := range []string{insideAddress + ":8080", attackerAddress + ":80", attackerAddress + ":8443"} {
		if err := o.serve(address, o.web); err != nil {
			return nil, err
		}
	}
	if err := o.serve(poolAddress+":3333", drain); err != nil {
		return nil, err
	}
	return o, o.resolver()
}

// serve accepts connections until close.
func (o *outside) serve(address string, each func(net.Conn)) error {
	return o.network.within(func() error {
		listener, err := net.Listen("tcp4", address)
		if err != nil {
			return err
		}
		o.closers = append(o.closers, listener)
		go func() {
			for {
				connection, err := listener.Accept()
				if err != nil {
					return
				}
				go func() {
					_ = connection.SetDeadline(time.Now().Add(patience))
					each(connection)
					_ = connection.Close()
				}()
			}
		}()
		return nil
	})
}

func drain(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

// web answers one request: with a tool, or with a few words.
func (o *outside) web(c net.Conn) {
	request, err := http.ReadRequest(bufio.NewReader(c))
	if err != nil {
		return
	}
	if request.Header.Get("Expect") != "" {
		fmt.Fprint(c, "HTTP/1.1 100 Continue\r\n\r\n")
	}
	_, _ = io.Copy(io.Discard, request.Body)
	body := []byte("ok " + request.URL.Path + "\n")
	if tool, ok := strings.CutPrefix(request.URL.Path, "/tools/"); ok {
		if content, err := readTool(filepath.Join(o.tools, filepath.Base(tool))); err == nil {
			body = content
		}
	}
	fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n", len(body))
	_, _ = c.Write(body)
}

// resolver answers each question with the same address.
func (o *outside) resolver() error {
	return o.network.within(func() error {
		socket, err := net.ListenPacket("udp4", resolverAddress+":53")
		if err != nil {
			return err
		}
		o.closers = append(o.closers, socket)
		go func() {
			packet := make([]byte, 1500)
			for {
				size, from, err := socket.ReadFrom(packet)
				if err != nil {
					return
				}
				if answer, err := answerTo(packet[:size]); err == nil {
					_, _ = socket.WriteTo(answer, from)
				}
			}
		}()
		return nil
	})
}

func answerTo(packet []byte) ([]byte, error) {
	var question dnsmessage.Message
	if err := question.Unpack(packet); err != nil {
		return nil, err
	}
	question.Response, question.RecursionAvailable, question.Additionals = true, true, nil
	for _, q := range question.Questions {
		if q.Type == dnsmessage.TypeA {
			question.Answers = append(question.Answers, dnsmessage.Resource{
				Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, TTL: 60}, Body: &dnsmessage.AResource{A: [4]byte{203, 0, 113, 9}},
			})
		}
	}
	return question.Pack()
}

func (o *outside) close() {
	for _, c := range o.closers {
		_ = c.Close()
	}
}

// shell is the attacker's end of a reverse shell.
type shell struct {
	listener   net.Listener
	connection net.Conn
	lines      *bufio.Reader
}

// listen waits for a shell to connect.
func (o *outside) listen(port int) (*shell, error) {
	s := &shell{}
	return s, o.network.within(func() (err error) {
		s.listener, err = net.Listen("tcp4", fmt.Sprintf("%s:%d", attackerAddress, port))
		return err
	})
}

// run has the shell do something, and waits until it has.
func (s *shell) run(step int, text string) error {
	if s.connection == nil {
		if err := s.listener.(*net.TCPListener).SetDeadline(time.Now().Add(patience)); err != nil {
			return err
		}
		var err error
		if s.connection, err = s.listener.Accept(); err != nil {
			return fmt.Errorf("no shell has connected: %w", err)
		}
		s.lines = bufio.NewReader(s.connection)
	}
	if err := s.connection.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	// The words are in two parts, so that a shell which repeats what it reads does not end the waiting.
	if _, err := fmt.Fprintf(s.connection, "export %s=%d\n%s\necho all''done\n", stepVariable, step, strings.TrimSpace(text)); err != nil {
		return err
	}
	for {
		line, err := s.lines.ReadString('\n')
		if err != nil {
			return fmt.Errorf("step %d in the reverse shell: %w", step, err)
		}
		if strings.Contains(line, "alldone") {
			return nil
		}
	}
}

func (s *shell) close() {
	if s.connection != nil {
		_ = s.connection.Close()
	}
	_ = s.listener.Close()
}
