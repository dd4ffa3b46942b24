// SPDX-License-Identifier: Apache-2.0

package summary

import (
	"slices"
	"sync"
	"time"
)

// Job is one state of an incident to be summarised.
type Job struct {
	// Incident tells incidents apart: a later state of one takes the place of an earlier one that waits.
	Incident string
	// Facts are not changed any more.
	Facts *Facts
	// Written is called with the summary, and returns whether it is used. Dropped is called instead if the endpoint was not asked or did not
	// answer: the same may be offered again later. Neither is called if what the model wrote was no good, or a later state took the job's place.
	// They are called from any goroutine, and must not wait.
	Written func(*Summary) bool
	Dropped func()

	since    time.Duration
	attempts int
	// body and steps are what is sent, and the steps that are in it, once it was prepared.
	body  []byte
	steps map[int]bool
}

// queue is what waits, the oldest first.
type queue struct {
	mu     sync.Mutex
	jobs   []*Job
	closed bool
}

// add lets a job wait, in the place of an earlier state of its incident. It returns what is dropped for it, which may be the job itself.
func (q *queue) add(j *Job) (dropped *Job, why Drop) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return j, Ended
	}
	if at := q.find(j.Incident); at >= 0 {
		q.jobs[at] = j
		return nil, 0
	}
	if len(q.jobs) >= queueJobsMax {
		dropped = q.jobs[0]
		q.jobs = slices.Delete(q.jobs, 0, 1)
	}
	q.jobs = append(q.jobs, j)
	return dropped, QueueFull
}

// again puts a job back to the front, unless a later state of its incident waits. It returns whether it is to be dropped.
func (q *queue) again(j *Job) (dropped bool, why Drop) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.closed:
		return true, Ended
	case q.find(j.Incident) >= 0:
		return false, 0
	case len(q.jobs) >= queueJobsMax:
		return true, QueueFull
	}
	q.jobs = slices.Insert(q.jobs, 0, j)
	return false, 0
}

// find returns where a job of an incident is, -1 if there is none.
func (q *queue) find(incident string) int {
	return slices.IndexFunc(q.jobs, func(j *Job) bool { return j.Incident == incident })
}

// front returns the first job, nil if there is none. It stays in the queue.
func (q *queue) front() *Job {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.jobs) == 0 {
		return nil
	}
	return q.jobs[0]
}

// remove takes a job out, and tells whether it was still there.
func (q *queue) remove(j *Job) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	at := slices.Index(q.jobs, j)
	if at < 0 {
		return false
	}
	q.jobs = slices.Delete(q.jobs, at, at+1)
	return true
}

func (q *queue) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.jobs)
}

// close returns what waits, and takes nothing any more.
func (q *queue) close() []*Job {
	q.mu.Lock()
	defer q.mu.Unlock()
	jobs := q.jobs
	q.jobs, q.closed = nil, true
	return jobs
}
