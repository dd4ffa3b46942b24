// SPDX-License-Identifier: Apache-2.0

// Package names holds every name that leaves Meerkat: of events, attributes and metrics. Together
// with OTLP it is the only contract between the stages of a pipeline, so that each can be replaced
// by somebody else's. It contains no logic.
//
// Names of OpenTelemetry's semantic conventions (v1.44) are used wherever there is one; our own start
// with "meerkat.". docs/telemetry.md is generated from the descriptions here.
package names

// Type is the type of an attribute's value.
type Type string

// Types of attribute values.
const (
	String      Type = "string"
	StringArray Type = "string[]"
	MapArray    Type = "map[]"
	Int         Type = "int"
	Double      Type = "double"
	Bool        Type = "boolean"
	Bytes       Type = "bytes"
)

// Attribute describes an attribute.
type Attribute struct {
	Name  string
	Type  Type
	Brief string
}

// Event describes an event: an OTLP log record with this EventName.
type Event struct {
	Name  string
	Brief string
	// Attributes that it has in addition to those of every event.
	Attributes []string
}

// Metric describes a metric.
type Metric struct {
	Name  string
	Unit  string
	Brief string
	// Attributes that tell its series apart, besides those of the resource.
	Attributes []string
}
