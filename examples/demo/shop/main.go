// SPDX-License-Identifier: Apache-2.0

// Command shop is a shop in one program, for the demonstration: a web front end, an API, a database stand-in, and the people outside.
//
// The front end has a hole: it stores photos under any name that is given. It sells nothing, and is meant for containers that lead nowhere.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"
)

const (
	webPort, apiPort, databasePort = "8080", "8081", "5432"
	// patience is how long a request may take.
	patience = time.Minute
)

// parts are what the program can be, by the name that it is called with or by its first argument.
func parts() map[string]func(arguments []string) error {
	return map[string]func([]string) error{
		"web": web, "api": api, "database": database, "thumbnail": thumbnail, "counter": counter, "visitors": visitors, "attack": attack, tool: agent,
	}
}

func main() {
	name, arguments := filepath.Base(os.Args[0]), os.Args[1:]
	part, ok := parts()[name]
	if !ok && len(arguments) > 0 {
		name, arguments = arguments[0], arguments[1:]
		part, ok = parts()[name]
	}
	if !ok {
		fmt.Fprintln(os.Stderr, "shop: say what to be: web, api, database, visitors or attack")
		os.Exit(2)
	}
	if err := part(arguments); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
}
