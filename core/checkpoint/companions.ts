/** What lies beside the weights of a model and goes along with it, whatever is made of them: tokenizer, settings, licence. */
const names =
  'tokenizer\\.json|tokenizer_config\\.json|special_tokens_map\\.json|added_tokens\\.json|vocab\\.(?:txt|json)|merges\\.txt' +
  '|chat_template\\.jinja|preprocessor_config\\.json|generation_config\\.json|(?:licen[cs]e|notice)(?:\\..+)?'

export const companionFile = new RegExp(`^(?:${names})$`, 'i')
/** The same of a folder that is taken in as a whole. */
export const modelFile = new RegExp(`^(?:config\\.json|README\\.md|starter\\.json|${names})$`, 'i')
