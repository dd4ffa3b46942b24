// SPDX-License-Identifier: Apache-2.0

// Package release finds out what the image and the packages are made of: the version and the commit, the programs, the
// licences that have to go with them, and the time that stands for all times.
//
// It never makes an image or a package, and finds nothing that depends on the time, the machine or the folder.
package release
