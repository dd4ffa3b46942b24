// SPDX-License-Identifier: Apache-2.0

// Package controlapiextension is the extension "control_api": the one HTTP server of a collector, through which
// people and programs look at what components do and change it while they run.
//
// It decides who a caller is and what they may do, and holds every limit; what can be done stands in the handlers
// that components mount on it (internal/controlapi). It never reads a file that a request names, and keeps no
// state between requests but its token.
package controlapiextension
