// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	networking "k8s.io/api/networking/v1"
	"sigs.k8s.io/yaml"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/habit"
)

var update = flag.Bool("update", false, "write the documents instead of comparing them")

var web = Owner{Namespace: "shop", Kind: "deployment", Name: "web"}

// neighbours know the pods of the workload and of a database, as far as somebody watches those.
func neighbours() Neighbourhood {
	return Neighbourhood{
		web: PodsOf(known(label("app", "web"), label("pod-template-hash", "1"), label("version", "7"), label("tier", "a"), label("tier", "b")).Habits),
		Owner{Namespace: "data", Kind: "statefulset", Name: "db"}: PodsOf(known(label("app", "db"), label("statefulset.kubernetes.io/pod-name", "db-0"),
			habit.Habit{Kind: habit.Listen, Transport: "tcp", Port: 5432}).Habits),
		Owner{Namespace: "shop", Kind: "deployment", Name: "cart"}: PodsOf(known(label("app", "cart")).Habits),
	}
}

// strict reads a document as the API server does that is told to refuse what it does not know.
func strict(t *testing.T, document []byte) *networking.NetworkPolicy {
	t.Helper()
	p := new(networking.NetworkPolicy)
	require.NoError(t, yaml.UnmarshalStrict(document, p), string(document))
	return p
}

func TestNetwork(t *testing.T) {
	byService := func(h habit.Habit) habit.Habit {
		h.Peer.ByService = true
		return h
	}
	f := known(
		outside(habit.Connect, 443, "203.0.113.0/24"), outside(habit.Connect, 443, "2001:db8:1::/48"), outside(habit.Connect, 8443, "0.0.0.0/0"),
		byService(connect("tcp", 80, "statefulset", "data", "db")), connect("tcp", 9000, "deployment", "shop", "cart"),
		byService(connect("udp", 53, "deployment", "kube-system", "coredns")), connect("udp", 53, "pod", "kube-system", "resolver"),
		habit.Habit{Kind: habit.Accept, Transport: "tcp", Port: 8080, Peer: habit.Peer{Kind: "deployment", Namespace: "shop", Name: "cart"}},
		outside(habit.Accept, 8080, "198.51.100.0/24"),
		habit.Habit{Kind: habit.Listen, Transport: "tcp", Port: 9999}, capability("CAP_CHOWN"), label("app", "web"),
	)
	document, err := Network(f, web, neighbours(), false)
	require.NoError(t, err)
	strict(t, document)
	const golden = "testdata/network.yaml"
	if *update {
		require.NoError(t, os.WriteFile(golden, document, 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(document))
	again, err := Network(f, web, neighbours(), false)
	require.NoError(t, err)
	assert.Equal(t, string(document), string(again), "the same facts always give the same document")
}

// Whoever talks to nobody may talk to nobody.
func TestNetwork_nobody(t *testing.T) {
	document, err := Network(known(), web, neighbours(), false)
	require.NoError(t, err)
	p := strict(t, document)
	assert.Empty(t, p.Spec.Ingress)
	assert.Empty(t, p.Spec.Egress)
	assert.Equal(t, []networking.PolicyType{"Ingress", "Egress"}, p.Spec.PolicyTypes)
	assert.Equal(t, map[string]string{"app": "web"}, p.Spec.PodSelector.MatchLabels)
}

func TestNetwork_refuses(t *testing.T) {
	blind := known()
	blind.Tracers = habit.TracerOf("tcp")
	_, err := Network(blind, web, neighbours(), false)
	require.ErrorIs(t, err, ErrUnwatched)
	assert.ErrorContains(t, err, "there were some of tcp")
	_, err = Network(blind, web, neighbours(), true)
	require.NoError(t, err)

	_, err = Network(known(), Owner{Namespace: "shop", Kind: "deployment", Name: "other"}, neighbours(), true)
	require.ErrorIs(t, err, ErrNoPods)
	assert.ErrorContains(t, err, "pod_labels of k8s_enrich")

	same := neighbours()
	same[Owner{Namespace: "shop", Kind: "job", Name: "web-migration"}] = PodsOf(known(label("app", "web"), label("job", "x")).Habits)
	_, err = Network(known(), web, same, false)
	require.ErrorIs(t, err, ErrNoPods)
	assert.ErrorContains(t, err, "are also those of shop/job/web-migration")

	node := habit.Habit{
		Kind: habit.Connect, Transport: "tcp", Port: 443, Network: known(outside(habit.Connect, 1, "10.96.0.1/32")).Habits[0].Network,
		Peer: habit.Peer{Kind: "node", Name: "n1", ByService: true},
	}
	_, err = Network(known(node, connect("dccp", 5, "pod", "shop", "x")), web, neighbours(), false)
	require.ErrorIs(t, err, ErrIncomplete)
	assert.ErrorContains(t, err, "node n1 is reached by a Service's address, 10.96.0.1 port 443")
	assert.ErrorContains(t, err, "knows no dccp")
	document, err := Network(known(node), web, neighbours(), true)
	require.NoError(t, err)
	assert.Contains(t, string(document), "# Missing, add it by hand: node n1")
}

// A far end that chooses its ports has all of the protocol.
func TestNetwork_manyPorts(t *testing.T) {
	var habits []habit.Habit
	for i := range portsMax + 1 {
		habits = append(habits, connect("tcp", uint16(40000+i), "deployment", "shop", "cart"))
	}
	document, err := Network(known(append(habits, connect("udp", 7, "deployment", "shop", "cart"))...), web, neighbours(), false)
	require.NoError(t, err)
	p := strict(t, document)
	require.Len(t, p.Spec.Egress, 1)
	ports := p.Spec.Egress[0].Ports
	require.Len(t, ports, 2)
	assert.Nil(t, ports[0].Port)
	assert.Equal(t, 7, ports[1].Port.IntValue())
}

func TestOwnerOf(t *testing.T) {
	for workload, want := range map[string]Owner{
		"shop/deployment/web/app":      web,
		"prod/shop/deployment/web/app": {"prod", "shop", "deployment", "web"},
		"prod/shop/pod/web":            {"prod", "shop", "pod", "web"},
	} {
		got, err := OwnerOf(workload)
		require.NoError(t, err)
		assert.Equal(t, want, got)
		assert.True(t, strings.HasPrefix(workload, got.String()))
	}
	for _, workload := range []string{"host/sshd.service", "container/shop/r/web/app", "", "deployment", "host//usr/bin/deployment/x"} {
		_, err := OwnerOf(workload)
		require.ErrorIs(t, err, ErrNoPods, workload)
	}
}
