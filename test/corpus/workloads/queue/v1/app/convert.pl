#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Writes a text in capitals.
open(my $out, '>', "/data/out/$ARGV[0].part") or die;
print $out uc $ARGV[0];
close $out;
rename "/data/out/$ARGV[0].part", "/data/out/$ARGV[0].txt";
