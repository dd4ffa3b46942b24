// SPDX-License-Identifier: Apache-2.0

package generalise

// Bounds of what comes out.
const (
	// SegmentsMax is how many segments an object has at most; what lies deeper is folded into the last.
	SegmentsMax = 16
	// segmentBytesMax is the kernel's limit for a name.
	segmentBytesMax = 255
	// BytesMax is how long an object is at most.
	BytesMax = SegmentsMax * (segmentBytesMax + 1)
)

// Placeholders. They contain what no rule looks for, so that they stay as they are when they are generalised again.
const (
	placeNumber     = "<n>"
	placeIdentifier = "<id>"
	placeHex        = "<hex>"
	placeUUID       = "<uuid>"
	placeTemporary  = "<tmp>"
	placeShard      = "<s>"
	placeLong       = "<long>"
	placeDeep       = "<deep>"
	placeLayer      = "<layer>"
	placeHome       = "~"
	placeEphemeral  = "<ephemeral>"
	placeBase64     = "<base64>"
	placeText       = "<text>"
	placeWord       = "<word>"
	placeFlag       = "<flag>"
	placeMore       = "<more>"
)

// Object is what something was generalised to: a text, and where its segments end. It is made to be used again and again: each
// rule first empties it. Not safe for concurrent use.
type Object struct {
	text  [BytesMax + 1]byte // one more shows that a segment is too long
	bytes int
	ends  [SegmentsMax]int
	count int
	// loose is the last segment, generalised further; empty if that makes no difference.
	loose      [segmentBytesMax + 2]byte
	looseBytes int
}

// Reset empties the object.
func (o *Object) Reset() { o.bytes, o.count, o.looseBytes = 0, 0, 0 }

// Loose returns what the last segment may be as well: a name of letters only can be an identifier, or end in six that mkstemp chose, as can one without
// capitals behind a point.
// It is meant for asking whether such names are usual at that place, where whoever wants to hide could take one with digits. Empty if
// there is no such way to read it, and in folders in which nothing is generalised.
func (o *Object) Loose() []byte { return o.loose[:o.looseBytes] }

// Text returns the whole. It is valid until the object is used again.
func (o *Object) Text() []byte { return o.text[:o.bytes] }

// Segments returns how many segments there are.
func (o *Object) Segments() int { return o.count }

// Segment returns a segment with the separator before it. It is valid until the object is used again.
func (o *Object) Segment(i int) []byte { return o.text[o.start(i):o.ends[i]] }

// Prefix returns the first segments as one text, valid until the object is used again.
func (o *Object) Prefix(segments int) []byte {
	if segments <= 0 {
		return nil
	}
	return o.text[:o.ends[min(segments, o.count)-1]]
}

// SetLiteral makes the object one segment that is not generalised.
func (o *Object) SetLiteral(text string) {
	o.Reset()
	o.begin()
	o.add(text)
	o.end()
}

func (o *Object) start(i int) int {
	if i == 0 {
		return 0
	}
	return o.ends[i-1]
}

// full tells whether only one more segment has room.
func (o *Object) full() bool { return o.count >= SegmentsMax-1 }

// begin opens a segment, with what separates it from the one before. There has to be room.
func (o *Object) begin() { o.ends[o.count] = o.bytes }

// end closes the segment. If it became too long, all of it is replaced.
func (o *Object) end() {
	start := o.start(o.count)
	if o.bytes-start > segmentBytesMax+1 {
		separator := o.text[start]
		o.bytes = start
		if separator == '/' || separator == ' ' {
			o.addByte(separator)
		}
		o.add(placeLong)
	}
	o.ends[o.count] = o.bytes
	o.count++
}

// add and addByte write as much as has room in the segment that is open, and one byte more, by which end sees the excess.
func (o *Object) add(text string) {
	o.bytes += copy(o.text[o.bytes:o.limit()], text)
}

func (o *Object) addByte(b byte) {
	if o.bytes < o.limit() {
		o.text[o.bytes] = b
		o.bytes++
	}
}

// limit is one byte more than a segment may have with its separator, and always within the whole.
func (o *Object) limit() int { return min(o.start(o.count)+segmentBytesMax+2, len(o.text)) }
