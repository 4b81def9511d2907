# SPDX-License-Identifier: Apache-2.0
complete -c cloudtaser-run -x -a '(__fish_complete_subcommand --fcs-skip=2)'
complete -c cloudtaser-run -s w -l workload -x -d 'Which workload this is' -a "(sed -nE 's/^\\[workload\\.\"?([^]\".]+)\"?\\].*/\\1/p' /etc/cloudtaser/workloads.d/*.toml 2>/dev/null)"
complete -c cloudtaser-run -s e -l env -x -d 'One more variable: NAME=MOUNT/PATH#FIELD'
complete -c cloudtaser-run -s t -l timeout -x -d 'Seconds that the release may take'
complete -c cloudtaser-run -s W -l wait -x -d 'Seconds to try again what cannot be reached'
complete -c cloudtaser-run -s c -l config -r -d 'Read workload, timeout, wait and env from a file'
complete -c cloudtaser-run -s h -l help -d 'Help'
complete -c cloudtaser-run -s V -l version -d 'Version'
