// SPDX-License-Identifier: Apache-2.0

package manifest

import "time"

// What a manifest may ask for. Whoever writes one by hand stays far below.
const (
	// BytesMax bounds the text of a manifest.
	BytesMax = 64 << 10
	// depthLevelsMax is how deep the YAML may nest; a manifest takes seven levels.
	depthLevelsMax = 16

	programsMax   = 32
	eventsMax     = 32
	metricsMax    = 32
	fieldsMax     = 64 // of one event or metric
	fieldPartsMax = 8  // names in a path of nested fields
	bucketsMax    = 256

	nameBytesMax       = 63  // of a tracer
	dottedBytesMax     = 128 // of events, metrics and attributes
	identifierBytesMax = 127 // of what C names: maps, structs, programs, fields
	briefBytesMax      = 256
	bodyBytesMax       = 512
	versionBytesMax    = 64
	objectBytesMax     = 255 // of the file's name
	unitBytesMax       = 63
	equalsBytesMax     = 127
	pathBytesMax       = 4095
	interfaceBytesMax  = 15 // IFNAMSIZ without the NUL

	intervalMin         = 100 * time.Millisecond
	intervalMax         = 24 * time.Hour
	samplesPerSecondMax = 10_000

	// valueBytesMax is how much of a wrong value is told.
	valueBytesMax = 64
	// problemsMax is how many problems are told of one manifest.
	problemsMax = 64
)
