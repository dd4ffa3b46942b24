// SPDX-License-Identifier: Apache-2.0

package conntrack

import (
	"context"
	"net"
	"net/netip"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// What the rules of the test translate: connections to the service lead to the server, and come from the gateway.
var (
	service = netip.MustParseAddrPort("10.96.0.10:80")
	server  = netip.MustParseAddrPort("10.1.0.6:8080")
	gateway = netip.MustParseAddr("10.1.0.1")
)

// inNamespace runs f in a network namespace of its own, which ends with it.
func inNamespace(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked, so that the thread ends, and its namespace with it
		if !assert.NoError(t, unix.Unshare(unix.CLONE_NEWNET)) {
			return
		}
		f(t)
	}()
	<-done
}

func command(t *testing.T, name string, arguments ...string) {
	t.Helper()
	output, err := exec.Command(name, arguments...).CombinedOutput()
	require.NoError(t, err, string(output))
}

// network makes the addresses and the rules.
func network(t *testing.T) {
	t.Helper()
	command(t, "ip", "link", "set", "lo", "up")
	for _, address := range []string{"192.168.0.1/32", "10.1.0.6/32", "10.1.0.1/32"} {
		command(t, "ip", "address", "add", address, "dev", "lo")
	}
	command(t, "ip", "route", "add", "10.96.0.0/16", "dev", "lo", "src", "192.168.0.1")
	rules := &nftables.Conn{}
	table := rules.AddTable(&nftables.Table{Family: nftables.TableFamilyIPv4, Name: "nat"})
	output := rules.AddChain(&nftables.Chain{
		Name: "output", Table: table, Type: nftables.ChainTypeNAT, Hooknum: nftables.ChainHookOutput, Priority: nftables.ChainPriorityNATDest,
	})
	rules.AddRule(&nftables.Rule{Table: table, Chain: output, Exprs: append(toAddress(service.Addr()),
		&expr.Immediate{Register: 1, Data: server.Addr().AsSlice()},
		&expr.Immediate{Register: 2, Data: binaryutil.BigEndian.PutUint16(server.Port())},
		&expr.NAT{Type: expr.NATTypeDestNAT, Family: unix.NFPROTO_IPV4, RegAddrMin: 1, RegProtoMin: 2},
	)})
	after := rules.AddChain(&nftables.Chain{
		Name: "postrouting", Table: table, Type: nftables.ChainTypeNAT, Hooknum: nftables.ChainHookPostrouting, Priority: nftables.ChainPriorityNATSource,
	})
	rules.AddRule(&nftables.Rule{Table: table, Chain: after, Exprs: append(toAddress(server.Addr()),
		&expr.Immediate{Register: 1, Data: gateway.AsSlice()},
		&expr.NAT{Type: expr.NATTypeSourceNAT, Family: unix.NFPROTO_IPV4, RegAddrMin: 1},
	)})
	require.NoError(t, rules.Flush())
}

// toAddress matches packets to an address.
func toAddress(a netip.Addr) []expr.Any {
	const destinationOffset, destinationBytes = 16, 4
	return []expr.Any{
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: destinationOffset, Len: destinationBytes},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: a.AsSlice()},
	}
}

// connect makes a connection and returns its ends as both see them.
func connect(t *testing.T, to netip.AddrPort) (client, accepted Ends) {
	t.Helper()
	listener, err := net.Listen("tcp", server.String())
	require.NoError(t, err)
	defer listener.Close()
	dialed, err := net.DialTimeout("tcp", to.String(), 10*time.Second)
	require.NoError(t, err)
	defer dialed.Close()
	conn, err := listener.Accept()
	require.NoError(t, err)
	defer conn.Close()
	of := func(a net.Addr) netip.AddrPort { return a.(*net.TCPAddr).AddrPort() }
	return Ends{"tcp", of(dialed.LocalAddr()), of(dialed.RemoteAddr())}, Ends{"tcp", of(conn.RemoteAddr()), of(conn.LocalAddr())}
}

func TestTable(t *testing.T) {
	inNamespace(t, func(t *testing.T) {
		t.Helper()
		network(t)
		table, err := Open()
		require.NoError(t, err)
		defer func() { assert.NoError(t, table.Close()) }()

		seenByClient, seenByServer := connect(t, service)
		require.Equal(t, service, seenByClient.Server)
		require.Equal(t, gateway, seenByServer.Client.Addr())
		found, ok := table.AsTheServer(seenByClient)
		require.True(t, ok)
		assert.Equal(t, seenByServer, found)
		found, ok = table.AsTheClient(seenByServer)
		require.True(t, ok)
		assert.Equal(t, seenByClient, found)

		_, ok = table.AsTheServer(Ends{"tcp", netip.MustParseAddrPort("192.168.0.1:1"), service})
		assert.False(t, ok, "there is no such connection")
		_, ok = table.AsTheServer(Ends{"sctp", seenByClient.Client, service})
		assert.False(t, ok)
		assert.Equal(t, Stats{Translated: 2, Unknown: 1}, table.Stats())
	})
}

// A connection that is not translated is one that both ends see alike.
func TestTable_untranslated(t *testing.T) {
	inNamespace(t, func(t *testing.T) {
		t.Helper()
		network(t)
		table, err := Open()
		require.NoError(t, err)
		defer func() { assert.NoError(t, table.Close()) }()
		client := Ends{"tcp", netip.MustParseAddrPort("192.168.0.1:40000"), netip.MustParseAddrPort("192.168.0.1:9")}
		dialer := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(client.Client), Timeout: 10 * time.Second}
		listener, err := net.Listen("tcp", client.Server.String())
		require.NoError(t, err)
		defer listener.Close()
		conn, err := dialer.DialContext(context.Background(), "tcp", client.Server.String())
		require.NoError(t, err)
		defer conn.Close()
		_, ok := table.AsTheServer(client)
		assert.False(t, ok)
		assert.Equal(t, Stats{Untranslated: 1}, table.Stats())
	})
}

// What is asked is bounded.
func TestTable_boundHolds(t *testing.T) {
	inNamespace(t, func(t *testing.T) {
		t.Helper()
		table, err := Open()
		require.NoError(t, err)
		defer func() { assert.NoError(t, table.Close()) }()
		asked := Ends{"udp", netip.MustParseAddrPort("192.0.2.1:1"), netip.MustParseAddrPort("192.0.2.2:2")}
		table.limiter.SetLimit(0)
		for range lookupsPerSecondMax + 5 {
			table.AsTheServer(asked)
		}
		assert.Equal(t, Stats{Unknown: lookupsPerSecondMax, Skipped: 5}, table.Stats())
	})
}
