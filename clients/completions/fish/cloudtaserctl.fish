# SPDX-License-Identifier: Apache-2.0
set -l verbs status sessions revoke fetch run policy gate enrolment keygen pin reasons
set -l workloads "(sed -nE 's/^\\[workload\\.\"?([^]\".]+)\"?\\].*/\\1/p' /etc/cloudtaser/workloads.d/*.toml 2>/dev/null)"
complete -c cloudtaserctl -f
complete -c cloudtaserctl -l json -d 'One JSON value on standard output'
complete -c cloudtaserctl -s h -l help -d 'Help'
complete -c cloudtaserctl -l version -d 'Version'
complete -c cloudtaserctl -n "not __fish_seen_subcommand_from $verbs" -a status -d 'What this host protects, and what it does not'
complete -c cloudtaserctl -n "not __fish_seen_subcommand_from $verbs" -a sessions -d 'List the sessions of this node'
complete -c cloudtaserctl -n "not __fish_seen_subcommand_from $verbs" -a revoke -d 'End all sessions of a workload'
complete -c cloudtaserctl -n "not __fish_seen_subcommand_from $verbs" -a fetch -d 'Write one secret of a workload to a descriptor'
complete -c cloudtaserctl -n "not __fish_seen_subcommand_from $verbs" -a run -d 'Start a program with its secrets'
complete -c cloudtaserctl -n "not __fish_seen_subcommand_from $verbs" -a policy -d 'Policies of a gate'
complete -c cloudtaserctl -n "not __fish_seen_subcommand_from $verbs" -a gate -d 'Nodes and verdicts of a gate'
complete -c cloudtaserctl -n "not __fish_seen_subcommand_from $verbs" -a enrolment -d 'What a gate must know of this node'
complete -c cloudtaserctl -n "not __fish_seen_subcommand_from $verbs" -a keygen -d 'Make the identity of a node or a gate'
complete -c cloudtaserctl -n "not __fish_seen_subcommand_from $verbs" -a pin -d 'Show the pins of certificates'
complete -c cloudtaserctl -n "not __fish_seen_subcommand_from $verbs" -a reasons -d 'Explain the reason codes of refusals'
complete -c cloudtaserctl -n '__fish_seen_subcommand_from status' -l start -d 'Start daemons that do not run'
complete -c cloudtaserctl -n '__fish_seen_subcommand_from status' -l all -d 'Also those that are not installed'
complete -c cloudtaserctl -n '__fish_seen_subcommand_from status' -l certificate -r -F -d 'Certificate of this node'
complete -c cloudtaserctl -n '__fish_seen_subcommand_from revoke fetch' -a $workloads
complete -c cloudtaserctl -n '__fish_seen_subcommand_from fetch' -l to-fd -x -d 'An open descriptor'
complete -c cloudtaserctl -n '__fish_seen_subcommand_from fetch' -l force -d 'Even to a terminal'
complete -c cloudtaserctl -n '__fish_seen_subcommand_from policy' -a check -d 'Check policy files as the gate would'
complete -c cloudtaserctl -n '__fish_seen_subcommand_from policy; and __fish_seen_subcommand_from check' -F
complete -c cloudtaserctl -n '__fish_seen_subcommand_from gate; and not __fish_seen_subcommand_from node verdict' -a 'node verdict'
complete -c cloudtaserctl -n '__fish_seen_subcommand_from node; and not __fish_seen_subcommand_from add list revoke' -a 'add list revoke'
complete -c cloudtaserctl -n '__fish_seen_subcommand_from node' -l settings -r -F -d 'Configuration of the gate'
complete -c cloudtaserctl -n '__fish_seen_subcommand_from add' -F -l fingerprint -x -d 'As the node shows it'
complete -c cloudtaserctl -n '__fish_seen_subcommand_from add' -l replace -d 'Also a node that is enrolled'
complete -c cloudtaserctl -n '__fish_seen_subcommand_from enrolment' -l certificate -r -F -d 'Certificate of this node'
complete -c cloudtaserctl -n '__fish_seen_subcommand_from enrolment' -l name -x -d 'Name of the node'
complete -c cloudtaserctl -n '__fish_seen_subcommand_from verdict; and not __fish_seen_subcommand_from replay' -a replay
complete -c cloudtaserctl -n '__fish_seen_subcommand_from replay' -F -l records -r -d 'Folder of the records'
complete -c cloudtaserctl -n '__fish_seen_subcommand_from replay' -l policy -r -F -d 'Judge by this policy instead'
complete -c cloudtaserctl -n '__fish_seen_subcommand_from replay' -l raw -d 'Bytes only'
complete -c cloudtaserctl -n '__fish_seen_subcommand_from keygen' -a 'node gate'
complete -c cloudtaserctl -n '__fish_seen_subcommand_from keygen' -l directory -x -a '(__fish_complete_directories)' -d 'Where to'
complete -c cloudtaserctl -n '__fish_seen_subcommand_from keygen' -l name -x -d 'Common name'
complete -c cloudtaserctl -n '__fish_seen_subcommand_from keygen' -l days -x -d 'Validity'
complete -c cloudtaserctl -n '__fish_seen_subcommand_from keygen' -l renew -d 'New certificate, same key'
complete -c cloudtaserctl -n '__fish_seen_subcommand_from pin' -F
