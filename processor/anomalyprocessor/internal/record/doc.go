// SPDX-License-Identifier: Apache-2.0

// Package record reads OTLP log records of kernel events, by names only, whoever wrote them: to events as detection judges them, and to
// events as rules see them.
//
// It never judges, never guesses whose an event is, never changes a record, and keeps no record: what it returns is valid as long as the
// record is. A value of another type than its name has is as good as none.
package record
