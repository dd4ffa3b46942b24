// SPDX-License-Identifier: Apache-2.0

// Package corpus keeps recorded sessions of workloads in files: the log records of each session as OTLP, compressed, and beside them what
// the session was and which processes an attack consists of.
//
// It never records, never judges, and never tells from events what an attack is: labels are given to it. Made by test/corpus, read by what
// measures detection.
package corpus
