// SPDX-License-Identifier: Apache-2.0

// Package summary asks a language model, at any endpoint that speaks OpenAI's chat completions, for a short summary of an incident and a verdict.
//
// What the model is told is one JSON document of facts, redacted and bounded, which is never a part of the instructions. What it answers is
// checked against what was asked for, and thrown away if anything is wrong. It is bounded in requests, tokens, time and memory, never blocks who
// asks, never follows a redirect, never tells a key, and never acts on an answer. It knows neither OTLP nor what becomes of a summary.
package summary
