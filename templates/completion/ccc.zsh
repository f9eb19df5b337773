#compdef git-ccc ccc
# Completion of git ccc, git-ccc and ccc for zsh, printed by: git ccc completion zsh
# zsh's own completion of git calls _git-ccc for `git ccc`.

_git-ccc() {
	local word what
	local -a place found
	# git -C DIR ccc: _git has taken the words before `ccc` away.
	[[ $service == git && -n ${opt_args[-C]-} ]] && place=(-C "${(Q)opt_args[-C]}")
	while IFS=$'\t' read -r word what; do
		case $word in
		(:dir) _files -/; return ;;
		(:*) _files; return ;;
		esac
		found+=("${word//:/\\:}${what:+:$what}")
	done < <(git-ccc completion --words -- "${place[@]}" "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)
	_describe -t ccc 'git ccc' found
}

if [[ $funcstack[1] == _git-ccc ]]; then # read as a file of fpath, for the first completion
	_git-ccc "$@"
else
	(( $+functions[compdef] )) && compdef _git-ccc git-ccc ccc
	() {
		local -a known
		zstyle -a ':completion:*:*:git:*' user-commands known
		zstyle ':completion:*:*:git:*' user-commands "${(@)known:#ccc:*}" 'ccc:coordinate coding agents'
	}
fi
