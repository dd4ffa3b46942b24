// SPDX-License-Identifier: Apache-2.0

// Package hold lets data wait for a bounded time in a bounded queue, until more is known about it.
//
// Data of one key stays in order. What waits too long, or finds no room, goes on as it is: the package never
// drops anything that was not refused by whom it was handed to, and never looks into the data.
package hold
