// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

// Limits of joining incidents of workloads whose events one processor sees.
const (
	// joinedIncidentsMax and joinedBytesMax bound the incidents that are remembered to be joined; those that are closed, or that nothing was told of for the
	// longest time, go for others.
	joinedIncidentsMax = 256
	joinedBytesMax     = 16 << 20
	// lineageMax bounds the processes of an incident, and those above it, each, that can have opened or accepted a connection; further ones have not.
	lineageMax = 256
	// lineageBytes is what one of them takes.
	lineageBytes = 16
)
