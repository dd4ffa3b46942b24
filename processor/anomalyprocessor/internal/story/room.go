// SPDX-License-Identifier: Apache-2.0

package story

import "sync/atomic"

// Room is how many stories the books of all workloads have together. It is safe for concurrent use; its zero value is empty. A book without one is
// bounded by itself alone.
type Room struct{ stories atomic.Int64 }

// crowded tells that a book has to forget a story for each further one.
func (r *Room) crowded() bool { return r != nil && r.stories.Load() >= storiesTotalMax }

// settle counts what has become more or less since the last time.
func (b *Book) settle() {
	if b.Room == nil {
		return
	}
	stories := int64(len(b.stories))
	b.Room.stories.Add(stories - b.settled)
	b.settled = stories
}

// Leave gives back the room of a book that is not used any longer.
func (b *Book) Leave() {
	b.stories = nil
	b.settle()
}
