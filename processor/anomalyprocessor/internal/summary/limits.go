// SPDX-License-Identifier: Apache-2.0

package summary

import "time"

const (
	// queueJobsMax bounds the incidents that wait for the model. Beyond it the one that waits for the longest time is dropped, and counted.
	queueJobsMax = 32
	// jobAgeMax is how long an incident waits at most: a summary that comes later helps nobody.
	jobAgeMax = time.Hour
	// attemptsMax is how often the endpoint is asked about one state of an incident.
	attemptsMax = 3
	// backoffMin and backoffMax bound the time for which the endpoint is left alone after a failure; it doubles with each further one.
	backoffMin = 10 * time.Second
	backoffMax = time.Hour

	// responseBytesMax bounds what is read of a response, after decompression, contentBytesMax what the model says in it.
	responseBytesMax = 256 << 10
	contentBytesMax  = 16 << 10

	// textBytesMax bounds the summary, reasonsMax, reasonBytesMax and reasonStepsMax what it is based on.
	textBytesMax   = 1500
	reasonsMax     = 8
	reasonBytesMax = 400
	reasonStepsMax = 16
	// echoBytesMin is the length from which a sentence of the instructions is known again in an answer.
	echoBytesMin = 40

	// factBytesMax bounds each text of the facts, factBytesMin is how far it is cut if it has no room, and redactBytesMax how much of it is
	// searched for secrets before it is cut.
	factBytesMax   = 512
	factBytesMin   = 64
	redactBytesMax = 8 << 10
	// bytesPerToken is how many bytes are taken for a token where nobody counts them. English has about four; names and numbers have fewer.
	bytesPerToken = 3
)

// RequestTokensMin has room for the instructions and one step, whatever its texts are.
const RequestTokensMin = 2048
