// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"net/http/cgi"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// Where the front end has its files.
const (
	photoFolder   = "/srv/photos"
	programFolder = "/srv/cgi-bin"
	// photoBytesMax bounds what it takes.
	photoBytesMax = 1 << 20
	// journalBytesMax is from when on the database begins a new journal.
	journalBytesMax = 512
)

// web is the front end: the list of orders, photos, and pages that are made by programs.
func web([]string) error {
	server := &http.Server{Addr: ":" + webPort, ReadHeaderTimeout: patience}
	http.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		orders, err := ask("http://api:" + apiPort + "/orders")
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		fmt.Fprintf(w, "<h1>Orders</h1><pre>%s</pre>", orders)
	})
	http.HandleFunc("POST /photos", storePhoto)
	http.HandleFunc("/cgi-bin/{program}", runProgram)
	return server.ListenAndServe()
}

// storePhoto is where the hole is: nothing keeps a name from leading out of the folder, and everything that is stored may be executed.
func storePhoto(w http.ResponseWriter, r *http.Request) {
	content, err := io.ReadAll(http.MaxBytesReader(w, r.Body, photoBytesMax))
	name := filepath.Join(photoFolder, r.URL.Query().Get("name"))
	if err == nil {
		err = os.WriteFile(name, content, 0o755)
	}
	if err == nil && strings.HasPrefix(name, photoFolder) {
		err = exec.Command("/srv/bin/thumbnail", name).Run()
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

func runProgram(w http.ResponseWriter, r *http.Request) {
	(&cgi.Handler{Path: filepath.Join(programFolder, r.PathValue("program")), Dir: programFolder}).ServeHTTP(w, r)
}

// thumbnail makes a small file of a large one.
func thumbnail(arguments []string) error {
	if len(arguments) != 1 {
		return errors.New("name a photo")
	}
	content, err := os.ReadFile(arguments[0])
	if err != nil {
		return err
	}
	return os.WriteFile(arguments[0]+".small", fmt.Appendf(nil, "%08x", crc32.ChecksumIEEE(content)), 0o644)
}

// counter is a program that makes a page.
func counter([]string) error {
	photos, err := os.ReadDir(photoFolder)
	fmt.Printf("Content-Type: text/plain\r\n\r\n%d photos\n", len(photos))
	return err
}

// api answers what the front end and the batch job ask.
func api([]string) error {
	server := &http.Server{Addr: ":" + apiPort, ReadHeaderTimeout: patience}
	http.HandleFunc("GET /orders", func(w http.ResponseWriter, _ *http.Request) {
		connection, err := net.DialTimeout("tcp", "database:"+databasePort, patience)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer func() { _ = connection.Close() }()
		fmt.Fprintln(connection, "ORDERS")
		_, _ = io.Copy(w, connection)
	})
	return server.ListenAndServe()
}

// database keeps a journal of what it was asked.
func database([]string) error {
	listener, err := net.Listen("tcp", ":"+databasePort)
	if err != nil {
		return err
	}
	var journal sync.Mutex
	for {
		connection, err := listener.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer func() { _ = connection.Close() }()
			question, _ := bufio.NewReader(io.LimitReader(connection, 1024)).ReadString('\n')
			journal.Lock()
			err := note(question)
			journal.Unlock()
			if err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
			fmt.Fprintln(connection, "1 kettle, 2 cups")
		}()
	}
}

// note writes into the journal, and begins another one when it has become long.
func note(question string) error {
	const name = "/var/lib/shop/journal"
	file, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.WriteString(question)
	info, failed := file.Stat()
	if err = errors.Join(err, failed, file.Close()); err != nil || info.Size() < journalBytesMax {
		return err
	}
	return os.Rename(name, name+".old")
}

// ask returns what a page says.
func ask(url string) (string, error) {
	client := http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get(url)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, photoBytesMax))
	if response.StatusCode != http.StatusOK {
		err = errors.Join(err, fmt.Errorf("%s: %s: %s", url, response.Status, body))
	}
	return string(body), err
}
