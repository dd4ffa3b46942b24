#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the repositories that the build server clones: project.sh FOLDER
set -eu
for project in alpha beta gamma; do
	work=$1/$project
	mkdir -p "$work"
	cd "$work"
	objects=
	for unit in main parse store print; do
		{
			echo '#include <stdio.h>'
			for other in parse store print; do echo "int $other(int);"; done
			if [ $unit = main ]; then
				echo 'int main(void) { printf("%d\n", parse(1) + store(2) + print(3)); return 0; }'
			else
				echo "int $unit(int x) { return x * ${#project} + 1; }"
			fi
		} >$unit.c
		objects="$objects $unit.o"
	done
	{
		echo 'CFLAGS ?= -O1'
		echo "$project:$objects"
		printf '\t$(CC) $(CFLAGS) -o $@ $^\n'
		echo 'test:'" $project"
		printf '\t./%s >out.txt && grep -q . out.txt\n' $project
		echo 'clean:'
		printf '\trm -f *.o out.txt %s\n' $project
	} >Makefile
	git init -q -b main
	git add .
	git -c user.name=builder -c user.email=builder@example.com commit -q -m 'first'
done
