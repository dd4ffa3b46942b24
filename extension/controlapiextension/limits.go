// SPDX-License-Identifier: Apache-2.0

package controlapiextension

import "time"

// Limits that nobody should have to change. Those that can be are in config.go, with the ranges below.
const (
	// socketPathBytesMax is what the kernel takes as the address of a Unix socket, without the zero behind it.
	socketPathBytesMax = 107
	// socketFolderMode is for the folder of the socket, if it has to be made.
	socketFolderMode = 0o750
	// staleDialTimeout is how long to wait for somebody who may listen on a socket that is there already.
	staleDialTimeout = time.Second
	// socketLockWaitMax is how long to wait for another collector that is making its socket in the same folder.
	socketLockWaitMax = 5 * time.Second
	socketLockRetry   = 50 * time.Millisecond

	// peerGroupsMax is how many groups of a caller are looked at: Linux allows no process more.
	peerGroupsMax = 65536

	// tokenFileBytesMax bounds what is read of a file with a token. Beyond it the start fails.
	tokenFileBytesMax = 4096
	// tokenBytesMin keeps people from tokens that can be guessed. The limit of attempts does the rest.
	tokenBytesMin = 16
	// tokenRandomBytes is how much chance is in a token that we make.
	tokenRandomBytes = 32
	// credentialBytesMax is the longest Authorization header that is looked at; a longer one is a failed attempt.
	credentialBytesMax = 8192

	// attemptsBurstMax is how many failures to authenticate in a row an address has; each attemptRefill gives
	// back one. Beyond it everything from there is refused with status 429.
	attemptsBurstMax = 10
	attemptRefill    = 5 * time.Second
	// attemptAddressesMax bounds the addresses whose failures are remembered. Further ones share one limit, which
	// is counted in otelcol.control_api.addresses.untracked.
	attemptAddressesMax = 4096

	// operatorReserve is how many connections and requests only operators can have, so that nobody who may only
	// look can keep them out. Connections over TCP have no name yet when they are accepted.
	operatorReserve = 4
	// streamsPerConnectionMax bounds requests at once on one HTTP/2 connection.
	streamsPerConnectionMax = 32

	// headerBytesSlack is what Go reads beyond max_header_bytes, so that we see what we refuse. What is larger
	// than both is refused by Go, and counted as "unreadable".
	headerBytesSlack = 16 << 10

	// unmountWaitMax is how long a component that goes waits for requests that are being answered; counted in
	// otelcol.control_api.unmounts.late.
	unmountWaitMax = 10 * time.Second
	// shutdownWaitMax is how long requests in flight hold up the end, if the Collector sets no earlier one.
	shutdownWaitMax = 10 * time.Second

	// documentBytesMax bounds the document of a mount. Beyond it the mount fails.
	documentBytesMax = 1 << 20
	// routesMax bounds the routes of one mount. Beyond it the mount fails.
	routesMax = 256

	// changeLogBytesMax bounds each part of a change in the log; counted in otelcol.control_api.changes.cut.
	changeLogBytesMax = 4096
)

// Ranges and defaults of what can be configured.
const (
	connectionsMin, connectionsDefault, connectionsMax            = 2 * operatorReserve, 64, 4096
	requestsMin, requestsDefault, requestsMax                     = 2 * operatorReserve, 64, 4096
	headerBytesMin, headerBytesDefault, headerBytesMax            = 4096, 16 << 10, 1 << 20
	bodyBytesMin, bodyBytesDefault, bodyBytesMax                  = 1024, 20 << 20, 1 << 30
	timeoutMin, timeoutMax                                        = time.Second, time.Hour
	readHeaderTimeoutDefault, readTimeoutDefault                  = 10 * time.Second, time.Minute
	writeTimeoutDefault, idleTimeoutDefault                       = time.Minute, 2 * time.Minute
	namesMax                                                      = 1024
	endpointDefault, socketModeDefault, generatedTokenFileDefault = "/run/meerkat/control.sock", "0660", "/run/meerkat/control.token" //nolint:gosec // Paths and a mode.
)
