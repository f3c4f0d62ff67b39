/* What the embedders need of the machine that they run on. */

#include "fusee.h"

const fusee_platform_t *platform(void);
void say(const char *text, size_t size);

void fail_allocation(long number); /* only the allocation of this number from now on, counted from 1; 0: none */
bool has_failed(void);             /* whether it came to that */
long live_blocks(void);
void go_off(void); /* what the default platform was asked to call back does so */

int by_default(void); /* plain.c: before a platform is given */
int in_threads(void); /* threads.c: as well */
int share_in_threads(void); /* sharing_threads.c: likewise */
int embed(void);  /* embedder.c: how many things went wrong */
int resist(void); /* hostile.c */
int conform(void); /* standard.c */
int withstand(void); /* abuse.c */
int carry(void); /* vectors.c */
int throw_and_catch(void); /* exceptions.c */
int have_objects(void); /* objects.c */
int give_declared(void); /* declared.c */
int share_memories(void); /* sharing.c */
int interrupt_guests(void); /* interrupting.c */
int interrupt_in_threads(void); /* interrupting_threads.c: on computers only */
int use_components(void); /* components.c: with a library of its own */
int use_files(void); /* files.c: with the same */
int use_http(void); /* http.c: with one that has HTTP */
