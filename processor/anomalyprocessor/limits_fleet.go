// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"time"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/delta"
)

// Limits of what an agent tells a gateway.
const (
	// fleetSnapshotTime is the time in which everything is told once.
	fleetSnapshotTime = 24 * time.Hour
	// deltaBytesMax bounds all that is told in one interval. What has no room is told later, and counted.
	deltaBytesMax = delta.BytesMax
	// deltaHeadBytes is what a delta takes besides its rows and the name of its workload.
	deltaHeadBytes = 512
	// hostBytesMax bounds the name of a host; a longer one is as good as none.
	hostBytesMax = 256
)

// Limits of what a gateway reads of an incident. One that is beyond passes as it is.
const (
	incidentIDBytesMax     = 64
	incidentTextBytesMax   = 4096
	incidentStepsMax       = 128
	incidentEndsMax        = 16
	incidentWeightMax      = 64.0
	incidentScoreMax       = 1e6
	incidentRecordBytesMax = 256 << 10
)
