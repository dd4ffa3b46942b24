// SPDX-License-Identifier: Apache-2.0

package container

import "sync"

// sharedFiles remembers what stands in files that tell of many containers, for as long as they don't change.
type sharedFiles struct {
	mu      sync.Mutex
	known   map[string]sharedFile
	evicted uint64
}

type sharedFile struct {
	stamp   stamp
	content any
	err     error
}

// readShared returns what stands in a file. key names the file among all. The mutex is held while it is read: others
// who need it wait instead of reading it too.
func readShared[T any](s *sharedFiles, at folder, key, name string, parse func([]byte) (T, error)) (T, error) {
	var none T
	opened, err := at.open(name)
	if err != nil {
		return none, err
	}
	defer opened.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	known, ok := s.known[key]
	if !ok || known.stamp != opened.stamp {
		known = sharedFile{stamp: opened.stamp}
		known.content, known.err = parsed(opened, parse)
		s.remember(key, known)
	}
	if known.err != nil {
		return none, known.err
	}
	return known.content.(T), nil
}

func parsed[T any](opened file, parse func([]byte) (T, error)) (T, error) {
	content, err := opened.content(sharedFileBytesMax)
	if err != nil {
		var none T
		return none, err
	}
	return parse(content)
}

func (s *sharedFiles) remember(key string, f sharedFile) {
	if _, ok := s.known[key]; !ok && len(s.known) >= sharedFilesMax {
		for other := range s.known {
			delete(s.known, other)
			break
		}
		s.evicted++
	}
	if s.known == nil {
		s.known = map[string]sharedFile{}
	}
	s.known[key] = f
}
