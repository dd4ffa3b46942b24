// SPDX-License-Identifier: Apache-2.0

// Package watch scores metrics as OTLP has them: it finds the series that a data point belongs to, makes a number of it that can be judged,
// lets package series judge it, and adds the score as a metric.
//
// Of sums that only grow the rate is judged, of histograms the rate of observations and their mean. Series are kept within bounds; who has
// points is never driven out by who is new. Data is added to, never changed. The package knows neither incidents nor the Collector, and whose a metric
// is has to be told. A Watcher is safe for concurrent use.
package watch
