// SPDX-License-Identifier: Apache-2.0

// Package capabilities lets a program that is not root use the capabilities that its file allows it, as far as whoever
// started it allows them too. It never takes a capability that the process is not permitted, and never gives one up.
package capabilities
