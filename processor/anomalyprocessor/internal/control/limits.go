// SPDX-License-Identifier: Apache-2.0

package control

const (
	// verdictBytesMax bounds the body of a verdict, with a comment in which each byte is escaped.
	verdictBytesMax = 16 << 10
	// commentBytesMax bounds a comment, so that the attribute of an incident has all of it; a longer one is refused.
	commentBytesMax = 1 << 10
	// patchBytesMax bounds the body of a change of a rule.
	patchBytesMax = 1 << 10
	// parameterBytesMax bounds each parameter of a query; the longest name of a workload fits.
	parameterBytesMax = 4096
	// pageDefault and pageMax are how much of a list is in one answer.
	pageDefault, pageMax = 100, 1000
)
