// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"context"
	"encoding/json"
	"errors"
	"math"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/story"
)

// keptAttribute is an attribute of a resource in the form in which it is kept: one of the values is there.
type keptAttribute struct {
	Name  string   `json:"name"`
	Str   *string  `json:"str,omitempty"`
	Int   *int64   `json:"int,omitempty"`
	Bool  *bool    `json:"bool,omitempty"`
	Float *uint64  `json:"float_bits,omitempty"` // JSON has no numbers that are none
	Texts []string `json:"texts,omitempty"`
}

// encodeOrigin writes down where the first event of an incident came from, but for the pipeline: those have no names.
func encodeOrigin(of any) json.RawMessage {
	from, ok := of.(*origin)
	if !ok {
		return nil
	}
	var all []keptAttribute
	for name, value := range from.resource.Attributes().All() {
		kept := keptAttribute{Name: name}
		switch value.Type() {
		case pcommon.ValueTypeStr:
			text := value.Str()
			kept.Str = &text
		case pcommon.ValueTypeInt:
			number := value.Int()
			kept.Int = &number
		case pcommon.ValueTypeBool:
			truth := value.Bool()
			kept.Bool = &truth
		case pcommon.ValueTypeDouble:
			bits := math.Float64bits(value.Double())
			kept.Float = &bits
		case pcommon.ValueTypeSlice:
			kept.Texts = []string{}
			for _, text := range value.Slice().All() {
				kept.Texts = append(kept.Texts, text.Str())
			}
		}
		all = append(all, kept)
	}
	data, err := json.Marshal(all)
	if err != nil {
		return nil
	}
	return data
}

// decodeOrigin reads what encodeOrigin wrote, as far as it has room. The pipeline is the one that goes on with the incident.
func decodeOrigin(data json.RawMessage) (any, error) {
	resource := pcommon.NewResource()
	var all []keptAttribute
	if len(data) > 0 {
		if err := json.Unmarshal(data, &all); err != nil {
			return nil, err
		}
	}
	for _, kept := range all[:min(len(all), resourceAttributesMax)] {
		value := resource.Attributes().PutEmpty(kept.Name)
		switch {
		case kept.Str != nil:
			value.SetStr(*kept.Str)
		case kept.Int != nil:
			value.SetInt(*kept.Int)
		case kept.Bool != nil:
			value.SetBool(*kept.Bool)
		case kept.Float != nil:
			value.SetDouble(math.Float64frombits(*kept.Float))
		default:
			texts := value.SetEmptySlice()
			for _, text := range kept.Texts {
				texts.AppendEmpty().SetStr(text)
			}
		}
	}
	return originOf(nil, resource), nil
}

// adopt makes the pipeline of an event that of an incident from before a restart.
func adopt(told *story.Story, to *logs) {
	if from := told.Origin.(*origin); from.to == nil {
		from.to = to
	}
}

// pipelineOf returns the pipeline that is told of an incident.
func (c *core) pipelineOf(from *origin) *logs {
	if from.to != nil {
		return from.to
	}
	return c.first.Load()
}

// errNoPipeline is about an incident from before a restart after which the processor is in no pipeline of logs.
var errNoPipeline = errors.New("the processor is in no pipeline of logs")

func (r *report) deliver(ctx context.Context) error {
	if r.to == nil {
		return errNoPipeline
	}
	return r.to.inner.ConsumeLogs(ctx, r.data)
}
