// SPDX-License-Identifier: Apache-2.0

package process

import (
	"container/list"
	"sync"
)

// ContentCache remembers the contents of files that were used last. Full, it forgets the one that was not
// used for longest; the file is read again when it is executed again. An entry takes about 500 bytes.
type ContentCache struct {
	max int

	mu      sync.Mutex
	entries map[FileKey]*list.Element
	order   *list.List // of *cachedContent, used last in front
}

type cachedContent struct {
	key     FileKey
	content *Content
}

// NewContentCache returns an empty cache for at most entriesMax files.
func NewContentCache(entriesMax int) *ContentCache {
	return &ContentCache{max: entriesMax, entries: map[FileKey]*list.Element{}, order: list.New()}
}

// Get returns the content of a file, nil if it is not known.
func (c *ContentCache) Get(key FileKey) *Content {
	c.mu.Lock()
	defer c.mu.Unlock()
	element, ok := c.entries[key]
	if !ok {
		return nil
	}
	c.order.MoveToFront(element)
	return element.Value.(*cachedContent).content
}

// Put adds the content of a file.
func (c *ContentCache) Put(key FileKey, content *Content) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if element, ok := c.entries[key]; ok {
		c.order.Remove(element)
	}
	c.entries[key] = c.order.PushFront(&cachedContent{key, content})
	for len(c.entries) > c.max {
		last := c.order.Back()
		c.order.Remove(last)
		delete(c.entries, last.Value.(*cachedContent).key)
	}
}
