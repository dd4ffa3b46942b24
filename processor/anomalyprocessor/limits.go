// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import "time"

const (
	// upkeepInterval is how often it is looked for incidents that are over, and for what is due to be told.
	upkeepInterval = 5 * time.Second
	// sendTimeMax is how long the pipeline may take for what is told between batches of events.
	sendTimeMax = 10 * time.Second
	// lateMax bounds the closed incidents of workloads that were forgotten, until the next upkeep; more are counted as refused.
	lateMax = 256
	// refusedBatchesMax bounds the batches that are remembered because the pipeline did not take them.
	refusedBatchesMax = 64
	// evidenceRecordsMax bounds the records of an incident that is not raised yet, evidenceBytesMax those of all of them together. More do not go
	// on if nothing but incidents does; they are counted.
	evidenceRecordsMax = 64
	evidenceBytesMax   = 8 << 20
	// What is copied of a resource into its incidents.
	resourceAttributesMax = 64
	resourceTextBytesMax  = 1024
	resourceItemsMax      = 16
	// bodyTextBytesMax bounds each name in the body of an incident; attributes have more of it.
	bodyTextBytesMax = 160
	// attributeTextBytesMax bounds each text in the attributes.
	attributeTextBytesMax = 1024
	// refusedLogMax is how many files without a rule are named in the log; the others are counted.
	refusedLogMax = 20
	// refusedShownMax is how many of them the control API shows; the others are counted.
	refusedShownMax = 1000
	// importHeadBytesMax is what an exported profile has besides its nodes: the longest name of a workload, numbers, versions, the checksum.
	importHeadBytesMax = 8 << 10
	// switchedMax bounds the rules that are switched over the control API; further ones are refused.
	switchedMax = 4096
)

// Scores from which the severity is higher.
const (
	scoreError = 25
	scoreFatal = 50
)

// Confidence in a profile.
const (
	confidenceLearning  = 0.5
	confidenceUnsettled = 0.8
)
