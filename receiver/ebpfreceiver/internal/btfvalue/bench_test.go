// SPDX-License-Identifier: Apache-2.0

package btfvalue_test

import (
	"testing"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/btfvalue"
)

// All fields of a record, texts appended to a buffer.
func BenchmarkDecode(b *testing.B) {
	for _, name := range []string{"enums", "numbers", "bits", "texts"} {
		b.Run(name, func(b *testing.B) {
			layout, record := compiled(b, "testdata/records_bpfel.o", name)
			var text []byte
			b.ReportAllocs()
			for b.Loop() {
				if err := layout.Check(record); err != nil {
					b.Fatal(err)
				}
				for _, field := range layout.Leaves() {
					v := field.Value(record)
					switch v.Kind() {
					case btfvalue.KindText:
						text = append(text[:0], v.Text()...)
					case btfvalue.KindEnum:
						v.Name()
					case btfvalue.KindFloat:
						v.Float64()
					default:
						v.Int64()
					}
				}
			}
			b.ReportMetric(float64(len(layout.Leaves())), "fields")
		})
	}
}
