// SPDX-License-Identifier: Apache-2.0

package incident

import "time"

// Limits, each with what happens when it is hit. All are counted in Stats or in the incident.
const (
	// SurpriseMin is the surprise, in bits, above which an event is surprising: worth being linked.
	SurpriseMin = 1.0
	// countedBitsMax is what a surprise counts at most. Above a thousand observations, one more bit says more about how busy a workload is
	// than about the one new thing, and no single new thing that is ordinary is an incident.
	countedBitsMax = 10.0
	// sensitiveBits is what a surprise weighs more if it is about something sensitive.
	sensitiveBits = 4.0
	// kindFactor is how much more an incident weighs for each further way in which it is sensitive.
	kindFactor = 0.25
	// ancestorsMax is how far up an incident is looked for.
	ancestorsMax = 8
	// processesMax bounds the processes that a tracker knows; those that were quiet the longest are forgotten, a quarter at once.
	processesMax = 2048
	// processQuietMax is how long a process is known that neither does anything nor starts another, processIdleMax one that has executed a program and was
	// not seen to end.
	processQuietMax = 4 * quietMax
	processIdleMax  = 24 * time.Hour
	// processesTotalMax bounds the processes of all trackers, of some 250 bytes each; processesMin is how many each may have in any case.
	processesTotalMax = 65_536
	processesMin      = 32
	// openTotalMax bounds the open incidents of all trackers. Beyond it each has one at a time, which is small.
	openTotalMax = 256
	// objectBytesMax, explanationBytesMax and executableBytesMax bound texts of an incident; fileBytesMax paths through which others are linked to it,
	// longer ones link nothing.
	objectBytesMax      = 512
	explanationBytesMax = 1024
	executableBytesMax  = 512
	fileBytesMax        = 512
	// namedMax bounds the processes that an incident names besides those that are a part of it; more is counted only.
	namedMax = 64
	// jobMax is how long a process is a job after it was executed: what it executes meanwhile is its purpose, later it is rather a server. It is one that is
	// unusual if at least half of that, and jobShare says of how many one, is surprising.
	jobMax   = time.Minute
	jobShare = 2
	// executablesMax bounds the names of programs that a tracker keeps for its processes; others have none until processes are looked through next.
	executablesMax = 256
	// openMax bounds the open incidents of a workload. Beyond it the one with the lowest score is closed.
	openMax = 32
	// nodesMax and behavioursMax bound one incident; more is counted only.
	nodesMax      = 64
	behavioursMax = 128
	// variantsMax bounds the arguments, and the rules, of one behaviour that a verdict is about; more is counted only.
	variantsMax = 16
	// endsMax bounds the connections of a behaviour whose ends are kept: the first ones.
	endsMax = 16
	// tunnelNamesMin is how many different names below a domain have to carry something, in labels of tunnelLabelBytesMin at least, to be a tunnel.
	tunnelNamesMin      = 3
	tunnelLabelBytesMin = 16
	// filesMax bounds the files of an incident through which others are linked to it.
	filesMax = 64
	// siblingMax is how long after a sibling or a cousin a process is linked to that one's incident.
	siblingMax = time.Minute
	// cousinMax is how long before or after an incident was raised its cousins are linked to it as well.
	cousinMax = 5 * time.Minute
	// quietMax is how long an incident stays open without anything new.
	quietMax = 15 * time.Minute
	// Bar is the least score that raises an incident.
	Bar = 12.0
	// ordinaryFactor is how much more an incident has to have of which nothing is sensitive: workloads that never repeat themselves do new things
	// all the time.
	ordinaryFactor = 2.0
	// barOfNew is the score of an incident, while a version is new, that consists of no more than versions are known for.
	barOfNew = 25.0
)
