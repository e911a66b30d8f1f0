#!/bin/sh
# Within namespaces of its own: a computer called machine, a home with a project in it, two more processes.
hostname machine
mount -t tmpfs tmpfs /home
mkdir -p /home/ada/project && cd /home/ada/project
export HOME=/home/ada
git init -q -b main .
git config user.name Ada; git config user.email ada@example.org
export GIT_AUTHOR_DATE='2024-05-01T10:00:00Z' GIT_COMMITTER_DATE='2024-05-01T10:00:00Z'
mkdir -p src docs bin
cp "$PROGRAMS/picture.py" src/picture.py
for i in 1 2 3 4 5 6 7 8; do
  printf '# Chapter %s\n\nnaïve café – “quoted”, 日本語, ✔ ▲ ●\n' $i > docs/chapter-$i.md
  printf 'def number_%s() -> int:\n    # The number %s.\n    return %s  # nothing else\n' $i $i $i > src/module_$i.py
  git add -A; git commit -q -m "Chapter $i: what it is about and why it is so"
done
git checkout -q -b side HEAD~3; echo side >> docs/chapter-1.md; git commit -q -am 'A side branch'
git checkout -q main; git merge -q side -m 'Merge the side branch' ; git tag v1.0
sed -i 's/nothing else/something else/; s/int/float/' src/module_*.py; echo 'new	tab' >> docs/chapter-2.md
ln -s ../docs bin/link; ln -s nowhere bin/broken; mkfifo bin/pipe; touch bin/run.sh archive.tar.gz picture.png
chmod +x bin/run.sh; chmod 1777 docs
find . -exec touch -h -d '2024-05-01T10:00:00Z' {} +
cat > manual.1 <<'MAN'
.TH PICTURE 1 "May 2024" "picture 1.0" "User Commands"
.SH NAME
picture \- draw a picture of \fIsomething\fR
.SH SYNOPSIS
.B picture
[\fB\-v\fR] [\fB\-\-size\fR=\fIROWS\fRx\fICOLUMNS\fR] \fIFILE\fR...
.SH DESCRIPTION
.B picture
reads each \fIFILE\fR and draws it. A \fBbold\fR word, an \fIunderlined\fR one, and a list:
.TP
.BR \-v ", " \-\-verbose
Say more. And more. And a line that is long enough to be broken by the formatter at any width that a terminal has.
.TP
.BR \-\-size
The size, in cells.
.SH FILES
.nf
/etc/picture.conf
/home/ada/.picture
.fi
.SH BUGS
None known\[em]yet.
MAN
sleep 4000 & sleep 5000 &
