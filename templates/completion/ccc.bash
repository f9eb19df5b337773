# Completion of git ccc, git-ccc and ccc for bash, printed by: git ccc completion bash
# git's own completion calls _git_ccc for `git ccc`.

# A word as it was typed, without its quotes, into the variable __ccc_word.
__ccc_plain() {
	__ccc_word=$1
	case $1 in
	\"*) __ccc_word=${__ccc_word#\"} __ccc_word=${__ccc_word%\"} ;;
	\'*) __ccc_word=${__ccc_word#\'} __ccc_word=${__ccc_word%\'} ;;
	*) __ccc_word=${__ccc_word//\\/} ;;
	esac
}

# A candidate as it must stand in the quotes that were opened, or without any, into __ccc_word.
__ccc_quote() {
	local typed=$1 single="'\\''"
	__ccc_word=$2
	case $typed in
	\'*) __ccc_word=${__ccc_word//\'/$single} ;;
	\"*)
		__ccc_word=${__ccc_word//\\/\\\\}
		__ccc_word=${__ccc_word//\"/\\\"}
		__ccc_word=${__ccc_word//\$/\\\$}
		__ccc_word=${__ccc_word//\`/\\\`}
		;;
	*) printf -v __ccc_word %q "$__ccc_word" ;;
	esac
}

# Fills COMPREPLY. $1: what ends a word; $2: the word at the cursor, as typed; then the words before it.
__ccc_complete() {
	local end=$1 typed=$2 word line __ccc_word kept=
	local -a before
	shift 2
	before=()
	for word in "$@"; do
		__ccc_plain "$word"
		before+=("$__ccc_word")
	done
	__ccc_plain "$typed"
	# readline replaces only what stands behind the last `=`, and closes quotes itself.
	case $COMP_WORDBREAKS in
	*=*) kept=${__ccc_word%"${__ccc_word##*=}"} ;;
	esac
	case $typed in
	[\"\']*) end= ;;
	esac
	COMPREPLY=()
	while IFS= read -r line; do
		case $line in
		:dir)
			compopt -o dirnames +o nospace 2>/dev/null
			return
			;;
		:*)
			compopt -o default +o nospace 2>/dev/null
			return
			;;
		esac
		word=${line%%$'\t'*}
		__ccc_quote "$typed" "${word#"$kept"}"
		COMPREPLY+=("$__ccc_word$end")
	done < <(git-ccc completion --words -- ${before[@]+"${before[@]}"} "$__ccc_word" 2>/dev/null)
}

_git_ccc() {
	local i=${__git_cmd_idx:-0}
	if [ "$i" = 0 ]; then # git older than 2.31
		while [ "$i" -lt "$cword" ] && [ "${words[i]}" != ccc ]; do
			i=$((i + 1))
		done
	fi
	# git asks for no space behind its words.
	__ccc_complete ' ' "$cur" ${__git_C_args[@]+"${__git_C_args[@]}"} "${words[@]:i+1:cword-i-1}"
}

_ccc() {
	local i last=
	local -a typed
	typed=()
	# bash takes words apart at `=` and `:`.
	for ((i = 1; i <= COMP_CWORD; i++)); do
		case ${#typed[@]}.${COMP_WORDS[i]}.$last in
		0.* | *.[!=:]*.[!=:]* | *..[!=:]* | *.[!=:]*. | *..) typed+=("${COMP_WORDS[i]}") ;;
		*) typed[${#typed[@]} - 1]+=${COMP_WORDS[i]} ;;
		esac
		last=${COMP_WORDS[i]}
	done
	i=$((${#typed[@]} - 1))
	__ccc_complete '' "${typed[i]}" "${typed[@]:0:i}"
}

complete -F _ccc ccc git-ccc
