// SPDX-License-Identifier: Apache-2.0

// Package series tells how unusual each point of a time series is, for what came before it.
//
// A Detector keeps three baselines: the mean of all, one per hour of the day, one per hour of the week. The distance from each, in standard
// deviations, is ranked among the distances before it, the ranks are added, and what is far out in the sum is given a probability by peaks
// over a threshold. On the first day it says next to nothing. It learns all the time, and forgets in months. It takes BytesMax, never
// allocates, and the same points give the same scores. It never looks ahead, knows no metric and no clock but that of the points, and is
// not safe for concurrent use.
package series
