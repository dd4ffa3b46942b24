// SPDX-License-Identifier: Apache-2.0

// Command grafana writes the dashboards for Grafana, and the recording rules of Prometheus that they ask.
//
// A dashboard is a list of panels with their queries; where they stand, what they are called and how they link follows from that. It never
// asks Grafana, Prometheus or Loki anything.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

// files returns what is written, by path below distribution.
func files() (map[string][]byte, error) {
	all := map[string][]byte{"prometheus/recording.yaml": recordingRules()}
	for _, d := range dashboards() {
		var text bytes.Buffer
		encoder := json.NewEncoder(&text)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(d.model()); err != nil {
			return nil, fmt.Errorf("write the dashboard %q: %w", d.title, err)
		}
		all["grafana/dashboards/"+d.uid+".json"] = text.Bytes()
	}
	return all, nil
}

func main() {
	folder := flag.String("folder", "distribution", "where to write")
	flag.Parse()
	all, err := files()
	for name, content := range all {
		if err == nil {
			err = os.WriteFile(filepath.Join(*folder, name), content, 0o644)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
