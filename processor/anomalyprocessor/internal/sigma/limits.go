// SPDX-License-Identifier: Apache-2.0

package sigma

// Limits of what is loaded. What is beyond one is refused with the limit in the reason, and is in the Report.
// They are several times what the published rules need: 4,000 files in all, the largest of 30 KiB and with a list of
// some hundred items.
const (
	// filesMax bounds the files of one source; what comes after them in the order of names is not read.
	filesMax = 8192
	// entriesMax bounds the files and folders of one source that are looked at, whatever they are called.
	entriesMax = 65_536
	// folderDepthMax bounds the folders within folders of one source.
	folderDepthMax = 16
	// fileBytesMax bounds one file.
	fileBytesMax = 64 << 10
	// rulesMax bounds the rules of a Set.
	rulesMax = 4096
	// titleBytesMax bounds a title; the specification has 256 characters.
	titleBytesMax = 4 * 256
	// metadataItemsMax bounds each list of what is said about a rule: tags, references, false positives.
	metadataItemsMax = 256
	// yamlDepthMax bounds how deep lists and maps lie in each other.
	yamlDepthMax = 16

	// identifiersMax bounds the search identifiers of a rule.
	identifiersMax = 128
	// listItemsMax bounds the items of one list in a detection.
	listItemsMax = 1024
	// testsPerRuleMax bounds the values that a rule may compare with one event, each as often as the condition
	// names it; a regular expression counts with its instructions. It is what bounds the time that a rule takes:
	// the worst that was found for expressions of that size together is 0.2 s, for a command line of the greatest length
	// that was made for it. Ordinary rules take microseconds.
	testsPerRuleMax = 4096
	// modifiersMax bounds the modifiers of one field.
	modifiersMax = 8
	// valueVariantsMax bounds what "windash" makes of one value: three dashes, of five kinds each.
	valueVariantsMax = 125
	// valueBytesMax bounds one value in a rule.
	valueBytesMax = 8 << 10
	// conditionBytesMax bounds a condition, and conditionDepthMax its parentheses and negations.
	conditionBytesMax = 4096
	conditionDepthMax = 32
	// expressionBytesMax bounds a regular expression, and expressionInstructionsMax what it is compiled to: matching
	// takes at most this many steps for each byte of the event's value. "(.){200,}" has 603.
	expressionBytesMax        = 1024
	expressionInstructionsMax = 1000
	// factorsMax bounds the texts that are looked for before a regular expression is: with more it is looked for at once.
	factorsMax = 16
)

// Limits of events.
const (
	// eventValueBytesMax bounds the value of one field of an event. What is beyond is cut off and counted (Event.Cut).
	// It is twice what the receiver keeps of arguments at most.
	eventValueBytesMax = 8 << 10
)
