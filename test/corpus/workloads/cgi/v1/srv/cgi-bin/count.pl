#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Counts visits of a page.
my ($page) = ($ENV{QUERY_STRING} // '') =~ /(\w+)/;
mkdir '/srv/counts';
my $n = 0;
if (open(my $f, '<', "/srv/counts/$page")) { $n = <$f>; }
open(my $f, '>', "/srv/counts/$page.new") or die; print $f $n + 1; close $f;
rename "/srv/counts/$page.new", "/srv/counts/$page";
print "Content-Type: text/plain\r\n\r\n", $n + 1, "\n";
