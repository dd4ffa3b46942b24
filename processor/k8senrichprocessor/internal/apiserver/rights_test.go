// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/apiservertest"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/inventory"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/sourcestate"
)

// clusterRole is what is read of a ClusterRole.
type clusterRole struct {
	Kind  string `yaml:"kind"`
	Rules []struct {
		Groups    []string `yaml:"apiGroups"`
		Resources []string `yaml:"resources"`
		Verbs     []string `yaml:"verbs"`
	} `yaml:"rules"`
}

// granted are the rights of a manifest, each as "verb group/resource".
func granted(t *testing.T, file string) []string {
	t.Helper()
	data, err := os.ReadFile("../../testdata/" + file)
	require.NoError(t, err)
	var role clusterRole
	require.NoError(t, yaml.Unmarshal(data, &role))
	require.Equal(t, "ClusterRole", role.Kind)
	var all []string
	for _, rule := range role.Rules {
		for _, group := range rule.Groups {
			for _, resource := range rule.Resources {
				for _, verb := range rule.Verbs {
					all = append(all, verb+" "+group+"/"+resource)
				}
			}
		}
	}
	slices.Sort(all)
	return all
}

// used are the rights that requests need, as the API server works them out:
// https://kubernetes.io/docs/reference/access-authn-authz/authorization/#determine-the-request-verb.
func used(t *testing.T, requests []apiservertest.Request) []string {
	t.Helper()
	var all []string
	for _, request := range requests {
		require.Equal(t, http.MethodGet, request.Method)
		parts := strings.Split(strings.TrimPrefix(request.Path, "/"), "/")
		group := ""
		switch {
		case parts[0] == "api" && len(parts) == 3:
		case parts[0] == "apis" && len(parts) == 4:
			group = parts[1]
		default:
			t.Fatalf("%s is no list of a kind in all namespaces", request.Path)
		}
		verb := "list"
		if request.Query.Get("watch") == "true" {
			verb = "watch"
		}
		all = append(all, verb+" "+group+"/"+parts[len(parts)-1])
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func TestRights_areTheLeastThatWork(t *testing.T) {
	t.Run("node", func(t *testing.T) {
		player, s := play(t, "node-pages", false)
		s.await("watching", func() bool { return s.state(inventory.KindPod).Watches == 2 })
		assert.Equal(t, granted(t, "rbac-node.yaml"), used(t, player.Requests()))
		for _, request := range player.Requests() {
			assert.Equal(t, "spec.nodeName=node-1", request.Query.Get("fieldSelector"), "only this node's")
		}
	})
	t.Run("cluster", func(t *testing.T) {
		player, s := play(t, "pages", true)
		s.await("watching", func() bool {
			return !slices.ContainsFunc(s.source.State(), func(k sourcestate.Kind) bool { return k.Watches < 2 })
		})
		assert.Equal(t, granted(t, "rbac-cluster.yaml"), used(t, player.Requests()))
	})
}
