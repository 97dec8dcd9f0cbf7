/* The empty program that a whole box is linked into, to see that the box needs nothing but the
 * boxes below it. */
int main(void)
{
    return 0;
}
